"""Queue `monitor`: the pod monitor. Its watcher is in tasks/watcher.py."""

from app.service import monitor
from tasks.pipeline import POLL
from tasks.process import step

poll = step(POLL)(monitor.poll)
