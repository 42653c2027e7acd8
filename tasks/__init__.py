"""The Celery application: `celery -A tasks worker -Q <queue>` runs any one role.

There are seven queues, with a module for each: admission, saga, pods, monitor, results, replay,
dlq. Importing this package loads the settings and connects to nothing.
"""

from app.settings import Settings
from app.wiring import make_worker

app = make_worker(Settings.load())
