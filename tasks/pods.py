"""Queue `pods`: the pod creator."""

from app.domain.chain import CREATE
from app.infrastructure.celery.steps import Step
from app.service import pods
from tasks import app


@app.task(name=CREATE, base=Step)
def create(execution_id: str) -> bool:
    return pods.create_pod(app.ports, execution_id)
