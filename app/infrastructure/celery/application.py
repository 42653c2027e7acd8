"""The Celery applications: one only publishes, and one runs tasks on the ports."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from celery import Celery
from celery.signals import before_task_publish
from kombu import Exchange, Queue

from app.domain.chain import CREATE
from app.domain.hosts import queue_at, queues_of
from app.infrastructure.celery import transport
from app.infrastructure.celery.heartbeat import Heartbeat
from app.infrastructure.celery.messages import stamp
from app.infrastructure.celery.pipeline import RELAY
from app.infrastructure.celery.reports import Reporter
from app.ports import Ports
from celeryconfig import beat_schedule, every, task_queues

NAME = "podline"
CONFIGURATION = "celeryconfig"

before_task_publish.connect(stamp, weak=False)


def make_publisher(broker_url: str) -> Celery:
    """Return the application for a process that only sends messages. Opens no connections yet."""
    transport.install()
    return Celery(
        NAME,
        config_source=CONFIGURATION,
        broker=broker_url,
        broker_use_ssl=transport.tls(broker_url),
    )


@dataclass(frozen=True, slots=True)
class Serving:
    """Which queues that need a runtime the workers of this application can serve."""

    host: str | None = None
    """The sandbox host beside which they are. They also have its own queues."""
    on_hosts: bool = False
    """Programs run on hosts, so a worker beside none of them serves no such queue."""

    def queue_of(self, task: str) -> str:
        """The queue of the step that follows one on this host."""
        return queue_at(task, None if task == CREATE else self.host)


class Application(Celery):
    """The application of workers and beat. Opens no connections yet."""

    def __init__(
        self,
        broker_url: str,
        concurrency: int,
        relay_interval: float,
        serving: Serving,
        heartbeat: Heartbeat,
        make_reporter: Callable[[], Reporter],
        make_ports: Callable[[Celery], Ports],
    ) -> None:
        super().__init__(
            NAME,
            config_source=CONFIGURATION,
            broker=broker_url,
            broker_use_ssl=transport.tls(broker_url),
            worker_concurrency=concurrency,
            beat_schedule=beat_schedule | {"relay": every(relay_interval, RELAY)},
            task_queues=[*task_queues, *_own_queues(serving.host)],
            task_routes=(partial(_route, serving),),
        )
        self.serving = serving
        self.pulls = False
        """Whether this worker takes pods from the queue as bays are free."""
        self.heartbeat = heartbeat
        self.join = join_nothing
        """Has the worker do the next step of a request's chain. False if it must be published."""
        self.begin_next = begin_nothing
        """Has the worker begin another chain after the step that it does. False likewise."""
        self._make_ports = make_ports
        self._make_reporter = make_reporter

    @cached_property
    def ports(self) -> Ports:
        """The ports, created on first use as beat and Flower need none. Tests set their own."""
        return self._make_ports(self)

    @cached_property
    def reporter(self) -> Reporter:
        """Sends heartbeats. Created on first use, because Flower sends none."""
        return self._make_reporter()


def _own_queues(host: str | None) -> list[Queue]:
    """The default exchange leaves no binding behind."""
    names = () if host is None else queues_of(host)
    return [Queue(name, Exchange(""), routing_key=name) for name in names]


def _route(serving: Serving, name: str, *_: object, **__: object) -> dict[str, str]:
    return {"queue": serving.queue_of(name)}


def join_nothing(_: Any) -> bool:
    """For a process that is no worker, and for pools other than ours."""
    return False


def begin_nothing(queue: str, item: str) -> bool:  # noqa: ARG001  # there is nobody to do it
    """As `join_nothing`."""
    return False
