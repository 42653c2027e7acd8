"""Celery's configuration for every role, beat and Flower.

A message is a hint that may be lost or delivered twice, because the database is the truth. So
nothing here makes messages durable. Publishing fails within a second if Redis is unavailable.
"""

from kombu import Exchange, Queue

from app.queues import EVERY, QUEUES, queue_of

broker_connection_retry_on_startup = True
broker_connection_max_retries = None
broker_connection_timeout = 0.9
broker_transport_options = {
    "socket_connect_timeout": 0.9,
    "socket_timeout": 0.9,
    # Celery's retries would take longer than that. redis-py replaces stale connections.
    "max_retries": 0,
    # Admission handles priorities, so each queue is one Redis list instead of four.
    "priority_steps": [0],
    # The sweep continues what a killed worker loses. With acknowledgements in Redis, it would
    # return after an hour, at the cost of two more round trips per message.
    "ack_emulation": False,
}
task_publish_retry = False

task_queues = [Queue(name, Exchange("podline"), routing_key=name) for name in QUEUES]
task_create_missing_queues = False


def task_routes(name: str, *_: object, **__: object) -> dict[str, str]:
    return {"queue": queue_of(name)}


accept_content = ["json"]
task_serializer = "json"
event_serializer = "json"
result_backend = None
result_expires = None
task_ignore_result = True

imports = [f"tasks.{name}" for name in QUEUES]

worker_consumer = "app.infrastructure.celery.consumer:PoisonConsumer"
worker_pool = "app.infrastructure.celery.joining:Threads"
worker_prefetch_multiplier = 1
worker_hijack_root_logger = False
worker_redirect_stdouts = False
worker_send_task_events = True
# Flower shows tasks once they are received. An event per publish would cost the API a third.
task_send_sent_event = False

# The schedule is short and extra runs are harmless, so beat needs no file for it.
beat_scheduler = "app.infrastructure.celery.scheduler:BeatingScheduler"
# Seconds between two heartbeats if no task is due sooner.
beat_max_loop_interval = 2.0


SHORTEST_EXPIRY = 10.0  # seconds


def every(seconds: float, task: str) -> dict[str, object]:
    """Schedule a tick, which is dropped if no worker starts it in time.

    Beat's clock sets the expiry, and the worker's clock checks it. With less time, every tick would
    be dropped if the clocks differed. An extra tick does no harm.
    """
    expires = max(0.9 * seconds, SHORTEST_EXPIRY)
    options = {"expires": expires, "headers": {EVERY: seconds}}
    return {"task": task, "schedule": seconds, "options": options}


beat_schedule = {
    "sweep": every(5.0, "podline.saga.sweep"),
    # The setting `relay_interval` replaces this interval.
    "relay": every(1.0, "podline.replay.relay"),
    "callbacks": every(5.0, "podline.results.deliver"),
    "replays": every(5.0, "podline.replay.due"),
    "usage": every(5.0, "podline.saga.usage"),
    "dead letters": every(30.0, "podline.dlq.process"),
    "retention": every(10.0, "podline.saga.retention"),
    "orphaned blobs": every(3600.0, "podline.saga.blobs"),
}
