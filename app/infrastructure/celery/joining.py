"""A worker that serves the next step's queue does that step itself, at once, in the same thread.

A thread whose last step released a slot also begins the chain of the execution that got it.

The step's message then goes to the worker's own consumer instead of the broker. From there, Celery
does with it what it does with any other: id, revocation, events and signals are the same. A step
is not joined unless the consumer is taking messages from its queue at that moment, so a queue that
is added, cancelled, or left because the worker stops counts at once.
"""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from celery import bootsteps
from celery.concurrency import thread
from celery.concurrency.base import apply_target
from celery.worker import state

from app.domain.chain import CREATE
from app.infrastructure.celery.messages import LocalMessage, is_link, step_message


class Threads(thread.TaskPool):
    """The worker's threads (`worker_pool`). What a thread joins, it does next."""

    executor: ThreadPoolExecutor  # missing in the stubs

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._own = threading.local()

    def on_apply(
        self,
        target: Callable[..., Any],
        args: Any = None,
        kwargs: Any = None,
        callback: Callable[..., Any] | None = None,
        accept_callback: Callable[..., Any] | None = None,
        **_: Any,
    ) -> None:
        act = partial(apply_target, target, args, kwargs, callback, accept_callback)
        joined: deque[Callable[[], object]] | None = getattr(self._own, "joined", None)
        if joined is None:
            self.executor.submit(self._run, act)
        else:
            joined.append(act)

    def _run(self, act: Callable[[], object]) -> None:
        self._own.joined = joined = deque([act])
        try:
            while joined:
                joined.popleft()()
        finally:
            del self._own.joined

    def has_time(self) -> bool:
        """Whether this thread does steps, has nothing to do after this one, and nobody waits.

        While all threads are busy, messages may wait for one.
        """
        joined: deque[Callable[[], object]] | None = getattr(self._own, "joined", None)
        return joined is not None and not joined and len(state.active_requests) < self.limit


class JoiningStep(bootsteps.StartStopStep):
    """Has the application's steps join those that follow, if the pool can do that."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def include_if(self, parent: Any) -> bool:
        return isinstance(parent.pool, Threads)

    def start(self, parent: Any) -> None:
        parent.app.join = partial(_join, parent)
        parent.app.begin_next = partial(_begin_next, parent)


def _join(consumer: Any, request: Any) -> bool:
    """Have this thread do the next step of the request's chain. False if it must be published."""
    if not request.chain:
        return False
    *rest, following = request.chain
    name, (execution_id,) = following.get("task"), request.args
    tasks = consumer.task_consumer
    if (
        name not in consumer.strategies
        or tasks is None
        or not is_link(following, name, execution_id)
    ):
        return False
    app, queue = consumer.app, consumer.app.serving.queue_of(name)
    pulled = app.serving.host is not None and name == CREATE
    if not (_has_bay(app) if pulled else tasks.consuming_from(queue)):
        return False
    written = step_message(consumer.app, name, following["args"], rest, request)
    message = LocalMessage(
        written.headers | following["options"].get("headers", {}),
        written.properties,
        written.body,
        {"exchange": "", "routing_key": queue},
    )
    message.deliver(consumer)
    return True


def _begin_next(consumer: Any, queue: str, item: str) -> bool:
    """Have this thread begin another chain after its step. False if it must be published."""
    tasks = consumer.task_consumer
    if tasks is None or not tasks.consuming_from(queue) or not consumer.pool.has_time():
        return False
    LocalMessage.of(queue, item).deliver(consumer)
    return True


def _has_bay(app: Any) -> bool:
    """Whether a pod can be created at once: otherwise any host may have it."""
    return bool(app.pulls and app.ports.bays.join())
