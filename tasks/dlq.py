"""Queue `dlq`: the dead letter processor."""

from app.service import dead_letter_retries
from tasks.process import tick

process = tick("podline.dlq.process")(dead_letter_retries.process)
