"""Queue `admission`: the coordinator."""

from app.domain.chain import ADMIT
from app.infrastructure.celery.steps import Step
from app.service import admission
from tasks import app


@app.task(name=ADMIT, base=Step)
def admit(execution_id: str) -> bool:
    return admission.admit(app.ports, execution_id)
