"""Celery's configuration: what every role, beat and Flower go by.

A message is a hint that may be lost or come twice (the database is the truth), so nothing here
tries to make messages durable. Publishing fails within a second where Redis is away.
"""

from kombu import Exchange, Queue

from app.queues import QUEUES

broker_connection_retry_on_startup = True
broker_connection_max_retries = None
broker_connection_timeout = 0.9
broker_transport_options = {
    "socket_connect_timeout": 0.9,
    "socket_timeout": 0.9,
    # Celery's retries would wait for longer than that; redis-py replaces a stale connection.
    "max_retries": 0,
    # Admission has the priorities; one Redis list a queue instead of four.
    "priority_steps": [0],
    # A worker that is killed loses what it holds, and the sweep goes on with it. Kept in Redis,
    # that would come back after an hour, for two more round trips a message.
    "ack_emulation": False,
}
task_publish_retry = False

task_queues = [Queue(name, Exchange("podline"), routing_key=name) for name in QUEUES]
task_routes = {f"podline.{name}.*": {"queue": name} for name in QUEUES}
task_create_missing_queues = False

accept_content = ["json"]
task_serializer = "json"
event_serializer = "json"
result_backend = None
result_expires = None
task_ignore_result = True

imports = [f"tasks.{name}" for name in QUEUES]

worker_consumer = "app.infrastructure.celery.consumer:PoisonConsumer"
worker_pool = "threads"
worker_prefetch_multiplier = 1
worker_hijack_root_logger = False
worker_redirect_stdouts = False
worker_send_task_events = True
# Flower shows a task from its receipt on; an event for each publish would cost the API a third.
task_send_sent_event = False

# The schedule is short and each run is harmless, so beat keeps no file of it.
beat_scheduler = "app.infrastructure.celery.scheduler:BeatingScheduler"
# Between two heartbeats, where no task is due for longer.
beat_max_loop_interval = 2.0


SHORTEST_EXPIRY = 10.0  # seconds


def every(seconds: float, task: str) -> dict[str, object]:
    """A tick that no worker has begun in time is dropped.

    Beat's clock decides when a tick expires, and the worker's clock whether it has: with less
    time, every tick would be dropped as soon as the two differ. An extra tick does no harm.
    """
    expires = max(0.9 * seconds, SHORTEST_EXPIRY)
    return {"task": task, "schedule": seconds, "options": {"expires": expires}}


beat_schedule = {
    "sweep": every(5.0, "podline.saga.sweep"),
    # Another interval may be set: `relay_interval`.
    "relay": every(1.0, "podline.replay.relay"),
    "replays": every(5.0, "podline.replay.due"),
    "dead letters": every(30.0, "podline.dlq.process"),
    "retention": every(60.0, "podline.saga.retention"),
}
