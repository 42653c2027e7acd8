"""A real Celery worker in this process, whose steps do what a test says."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from celery.app.trace import reset_worker_optimizations
from celery.contrib.testing.worker import TestWorkController
from celery.events import EventDispatcher
from celery.worker import state

from app.domain.chain import CHAIN
from app.domain.execution import State
from app.infrastructure.celery.application import Application, Serving
from app.infrastructure.celery.heartbeat import Heartbeat
from app.infrastructure.celery.joining import JoiningStep
from app.infrastructure.celery.pipeline import CeleryPipeline
from app.infrastructure.celery.pulling import PullStep
from app.infrastructure.celery.steps import Step
from app.infrastructure.redis.connection import connect
from tests.support.twins import make_twins

APART: Final = "threads"
"""Celery's own pool, in which a worker publishes each step."""

Event = dict[str, Any]


class OwnWorker:
    """What its steps do, by their names, and what becomes of them."""

    def __init__(self, redis_url: str, serving: Serving | None = None) -> None:
        self.twins = make_twins()
        self.ports = self.twins.ports
        self.acts: dict[str, Callable[[str], object]] = defaultdict(lambda: lambda _: True)
        self.events: list[Event] = []
        """Those about tasks, in order."""
        self.senders: set[int] = set()
        """The threads that sent batches of them."""
        self.app = Application(
            redis_url.replace("unix://", "redis+socket://"),
            2,
            1.0,
            serving or Serving(),
            Heartbeat(None),
            make_reporter=lambda: NotImplemented,
            make_ports=lambda _: self.ports,
        )
        self._pipeline = CeleryPipeline(self.app, connect(redis_url))
        self.app.conf.imports = ()
        self.app.steps["consumer"] |= {JoiningStep, PullStep}
        setattr(self.app.events, "dispatcher_cls", _recording(self))  # noqa: B010  # stub
        self.consumer: Any = None
        for name in CHAIN:
            self._add(name)

    def _add(self, name: str) -> None:
        @self.app.task(name=name, base=Step, shared=False)
        def step(execution_id: str) -> object:
            return self.acts[name](execution_id)

    def start(
        self, execution_id: str, state: State = State.QUEUED, *, next_here: bool = False
    ) -> None:
        self._pipeline.start(execution_id, state, next_here=next_here)

    @contextmanager
    def running(self, *queues: str, pool: str | None = None) -> Iterator[None]:
        """Serve these queues; by default all."""
        self.app.set_default()  # for the worker's threads
        worker: Any = TestWorkController(
            app=self.app,
            queues=queues or list(self.app.amqp.queues),
            pool=pool or self.app.conf.worker_pool,
            without_mingle=True,
            without_gossip=True,
            without_heartbeat=True,
        )
        thread = threading.Thread(target=worker.start)
        thread.start()
        worker.ensure_started()
        self.consumer = worker.consumer
        try:
            yield
        finally:
            self.stop()
            thread.join()
            setattr(state, "should_stop", None)  # noqa: B010  # the stub is wrong
            reset_worker_optimizations(self.app)

    def stop(self) -> None:
        """Ask it to stop, as SIGTERM does."""
        setattr(state, "should_stop", 0)  # noqa: B010  # the stub is wrong
        self.app.control.broadcast("heartbeat")  # wakes its event loop

    def of(self, name: str) -> list[Event]:
        """The events about the steps of that name."""
        ids = {event["uuid"] for event in list(self.events) if event.get("name") == name}
        return [event for event in list(self.events) if event["uuid"] in ids]

    def has_ended(self, name: str) -> bool:
        ends = ("task-succeeded", "task-failed", "task-revoked")
        return any(event["type"] in ends for event in self.of(name))


def _recording(worker: OwnWorker) -> type[EventDispatcher]:
    class Recording(EventDispatcher):
        def send(self, type: str, *args: Any, **fields: Any) -> None:  # Celery's name
            if type.startswith("task-"):
                worker.events.append({"type": type, **fields})
            super().send(type, *args, **fields)

        def flush(self, *args: Any, **options: Any) -> None:
            worker.senders.add(threading.get_ident())
            super().flush(*args, **options)

    return Recording
