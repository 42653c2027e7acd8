"""The Celery applications: one only publishes, and one runs tasks on the ports."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

from celery import Celery

from app.infrastructure.celery import transport
from app.infrastructure.celery.heartbeat import Heartbeat
from app.infrastructure.celery.pipeline import RELAY
from app.infrastructure.celery.reports import Reporter
from app.ports import Ports
from celeryconfig import beat_schedule, every

NAME = "podline"
CONFIGURATION = "celeryconfig"


def make_publisher(broker_url: str) -> Celery:
    """Return the application for a process that only sends messages. Opens no connections yet."""
    transport.install()
    return Celery(NAME, config_source=CONFIGURATION, broker=broker_url)


class Application(Celery):
    """The application of workers and beat. Opens no connections yet."""

    def __init__(
        self,
        broker_url: str,
        concurrency: int,
        relay_interval: float,
        heartbeat: Heartbeat,
        make_reporter: Callable[[], Reporter],
        make_ports: Callable[[Celery], Ports],
    ) -> None:
        super().__init__(
            NAME,
            config_source=CONFIGURATION,
            broker=broker_url,
            worker_concurrency=concurrency,
            beat_schedule=beat_schedule | {"relay": every(relay_interval, RELAY)},
        )
        self.heartbeat = heartbeat
        self.join = join_nothing
        """Has the worker do the next step of a request's chain. False if it must be published."""
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


def join_nothing(_: Any) -> bool:
    """For a process that is no worker, and for pools other than ours."""
    return False
