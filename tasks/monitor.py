"""Queue `monitor`: the pod monitor. Its watcher is app/service/watcher.py."""

from app.domain.chain import POLL
from app.infrastructure.celery.steps import Step
from app.service import monitor
from tasks import app


@app.task(name=POLL, base=Step)
def poll(execution_id: str) -> bool:
    return monitor.poll(app.ports, execution_id)
