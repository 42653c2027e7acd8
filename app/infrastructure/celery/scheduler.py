"""Beat's scheduler (`beat_scheduler`): Celery's own, which keeps no file, with a heartbeat."""

from typing import Any

from celery.beat import Scheduler

from app.infrastructure.celery.heartbeat import beat


class BeatingScheduler(Scheduler):
    def tick(self, *args: Any, **options: Any) -> float:
        beat()
        return super().tick(*args, **options)
