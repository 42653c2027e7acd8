"""The Celery application: one that publishes, and one whose tasks have ports to work on."""

from collections.abc import Callable
from functools import cached_property

from celery import Celery

from app.infrastructure.celery import transport
from app.infrastructure.celery.heartbeat import Heartbeat
from app.infrastructure.celery.pipeline import RELAY
from app.ports import Ports
from celeryconfig import beat_schedule, every

NAME = "podline"
CONFIGURATION = "celeryconfig"


def make_publisher(broker_url: str) -> Celery:
    """What a process needs that only sends messages. Connects to nothing yet."""
    transport.install()
    return Celery(NAME, config_source=CONFIGURATION, broker=broker_url)


class Application(Celery):
    """The application of workers and beat. Connects to nothing yet."""

    def __init__(
        self,
        broker_url: str,
        concurrency: int,
        relay_interval: float,
        heartbeat: Heartbeat,
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
        self._make_ports = make_ports

    @cached_property
    def ports(self) -> Ports:
        """Made when first used, because beat and Flower need none. A test sets its own."""
        return self._make_ports(self)
