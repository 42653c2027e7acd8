"""The two kinds of task: steps of the chain, and ticks, which beat sends."""

from typing import TYPE_CHECKING, Any

from celery import Task

from app.domain.execution import SECOND
from app.infrastructure.celery.messages import published_at
from app.ports import Ports
from app.queues import EVERY
from app.service.steps import run_step, run_tick, short_name

if TYPE_CHECKING:
    _Task = Task[Any, Any]
else:
    _Task = Task


class _OnPorts(_Task):
    abstract = True
    Request = "app.infrastructure.celery.requests:NamedQueue"

    def _ports(self) -> Ports:
        app: Any = self.app
        ports: Ports = app.ports
        return ports

    def _note_wait(self) -> None:
        """Record how long the message waited. A joined step had none."""
        published = published_at(self.request)
        if published is not None:
            ports = self._ports()
            seconds = max(ports.clock() - published, 0) / SECOND
            ports.metrics.step_waited(short_name(self.name), seconds)


class Step(_OnPorts):
    """A link of the chain. `run_step` documents what happens around its function.

    The function takes the id of an execution or a replay. Unless it returns True, the rest of the
    chain is dropped.
    """

    abstract = True

    def __call__(self, subject_id: str) -> None:
        self._note_wait()
        continues = run_step(self._ports, self.name, self._act, subject_id)
        app: Any = self.app
        if not continues or app.join(self.request):
            # Celery then publishes nothing. The task still succeeds, as Flower shows. After raising
            # Ignore, it would not.
            self.request.chain = None

    def begin_next(self, queue: str, item: str) -> bool:
        """Have this thread begin another chain after this step. False if it must be published."""
        app: Any = self.app
        return bool(app.begin_next(queue, item))

    def _act(self, _: Ports, subject_id: str) -> bool | None:
        continues: bool | None = self.run(subject_id)
        return continues


class Tick(_OnPorts):
    """A task in beat's schedule. `run_tick` documents what happens around its function."""

    abstract = True
    send_events = False
    """Flower would show more ticks than steps."""

    def __call__(self) -> None:
        self._note_wait()
        every: float | None = self.request.get(EVERY)
        run_tick(self._ports, self.name, lambda _: self.run(), every)
