"""Beat's scheduler (`beat_scheduler`): Celery's own in memory, with heartbeats."""

from typing import Any

from celery.beat import Scheduler


class BeatingScheduler(Scheduler):
    app: Any
    """Our Application."""

    def tick(self, *args: Any, **options: Any) -> float:
        self.app.heartbeat.beat()
        self.app.reporter.report("beat", ())
        return super().tick(*args, **options)

    def close(self) -> None:
        """At the end of beat. Celery calls it in the handler of SIGTERM, and then once more."""
        super().close()
        self.app.reporter.leave()
