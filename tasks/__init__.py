"""The Celery application: `celery -A tasks worker -Q <queue>` runs any role.

Each of the seven queues has a module: admission, saga, pods, monitor, results, replay, dlq.
Importing this package loads the settings, but opens no connections.
"""

from app.infrastructure.celery.logs import role_of_process
from app.wiring import make_worker
from app.wiring.starting import settings_or_exit

app = make_worker(settings_or_exit(role_of_process()))
