"""Queue `dlq`: the dead letter processor."""

from app.infrastructure.celery.process import tick
from app.service import dead_letter_retries

process = tick("podline.dlq.process")(dead_letter_retries.process)
