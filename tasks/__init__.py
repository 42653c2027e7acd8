"""The Celery application: `celery -A tasks worker -Q <queue>` runs any role.

Each of the seven queues has a module: admission, saga, pods, monitor, results, replay, dlq.
Importing this package loads the settings, but opens no connections.
"""

from app.settings import Settings
from app.wiring import make_worker

app = make_worker(Settings.load())
