"""Beat's scheduler (`beat_scheduler`): Celery's own in memory, with heartbeats."""

from typing import Any

from celery.beat import Scheduler

from app.queues import EVERY


class BeatingScheduler(Scheduler):
    app: Any
    """Our Application."""

    def tick(self, *args: Any, **options: Any) -> float:
        self.app.heartbeat.beat()
        self.app.reporter.report("beat", (), sent_every=self._intervals())
        return super().tick(*args, **options)

    def _intervals(self) -> dict[str, float]:
        entries = self.app.conf.beat_schedule.values()
        return {each["task"]: each["options"]["headers"][EVERY] for each in entries}

    def close(self) -> None:
        """At the end of beat. Celery calls it in the handler of SIGTERM, and then once more."""
        super().close()
        self.app.reporter.leave()
