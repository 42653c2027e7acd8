"""Queue `results`: the result processor."""

from app.domain.chain import DELIVER, PERSIST
from app.infrastructure.celery.steps import Step, Tick
from app.service import callbacks, results
from tasks import app


@app.task(name=PERSIST, base=Step)
def persist(execution_id: str) -> None:
    results.persist(app.ports, execution_id)


@app.task(name=DELIVER, base=Tick)
def deliver() -> None:
    callbacks.deliver_due(app.ports)
