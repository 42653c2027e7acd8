"""The Celery application: `celery -A tasks worker -Q <queue>` runs any one role.

Seven queues, a module each: admission, saga, pods, monitor, results, replay, dlq.
"""

from celery import Celery

app = Celery("podline")
app.config_from_object("celeryconfig")
