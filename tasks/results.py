"""Queue `results`: the result processor."""

from app.domain.chain import PERSIST
from app.infrastructure.celery.steps import Step
from app.service import results
from tasks import app


@app.task(name=PERSIST, base=Step)
def persist(execution_id: str) -> None:
    results.persist(app.ports, execution_id)
