"""Queue `monitor`: the pod monitor. Its watcher is in app/infrastructure/celery/watcher.py."""

from app.domain.chain import POLL
from app.infrastructure.celery.process import step
from app.service import monitor

poll = step(POLL)(monitor.poll)
