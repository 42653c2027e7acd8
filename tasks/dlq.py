"""Queue `dlq`: the dead letter processor."""

from app.service import dead_letters
from tasks.process import tick

process = tick("podline.dlq.process")(dead_letters.process)
