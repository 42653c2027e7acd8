"""Queue `dlq`: the dead letter processor."""

from app.infrastructure.celery.steps import Tick
from app.service import dead_letter_retries
from tasks import app


@app.task(name="podline.dlq.process", base=Tick)
def process() -> None:
    dead_letter_retries.process(app.ports)
