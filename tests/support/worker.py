"""A worker in the test's own thread, which runs steps as Celery's tasks do, one by one."""

from collections import deque
from collections.abc import Callable, Mapping

from app.domain.chain import ADMIT, CHAIN_FROM, COMPENSATE, CREATE, PERSIST, POLL, START
from app.infrastructure.memory.pipeline import MemoryPipeline
from app.ports import Ports
from app.service import admission, monitor, pods, results, saga
from app.service.steps import Step, run_step

STEPS: Mapping[str, Step] = {
    ADMIT: admission.admit,
    START: saga.start_attempt,
    CREATE: pods.create_pod,
    POLL: monitor.poll,
    PERSIST: results.persist,
    COMPENSATE: saga.compensate,
}

Message = tuple[str, tuple[str, ...]]
"""The execution's id, and the names of the remaining links."""


class Worker:
    """Consumes the messages of a MemoryPipeline, each of which arrives `copies` times."""

    def __init__(
        self, ports: Ports, *, copies: int = 1, serves: Callable[[str], bool] = lambda _: True
    ) -> None:
        """`serves` says of which queues."""
        assert isinstance(ports.pipeline, MemoryPipeline)
        self._ports = ports
        self._pipeline = ports.pipeline
        self._copies = copies
        self._serves = serves
        self._messages: deque[Message] = deque()

    def run_all(self, *, at_most: int = 10_000) -> None:
        """Run links until no message is left."""
        for _ in range(at_most):
            if not self.run_one():
                return
        raise AssertionError(f"there are still messages after {at_most} links")

    def run_one(self) -> bool:
        """Run one link of the oldest message. Returns False if there is none."""
        self._fetch()
        if not self._messages:
            return False
        execution_id, (name, *rest) = self._messages.popleft()
        continues = run_step(lambda: self._ports, name, STEPS[name], execution_id)
        if continues and rest:
            self._deliver((execution_id, tuple(rest)))
        return True

    def drop_messages(self) -> None:
        """Lose all messages, as a broker that restarts does."""
        self._fetch()
        self._messages.clear()

    def drop_one(self) -> None:
        """Lose the oldest message."""
        self._fetch()
        self._messages.popleft()

    def next_link(self) -> str | None:
        """Return the name of the link that `run_one` would run."""
        self._fetch()
        return self._messages[0][1][0] if self._messages else None

    def _fetch(self) -> None:
        while (started := self._pipeline.take(self._serves)) is not None:
            execution_id, state = started
            self._receive((execution_id, CHAIN_FROM[state]))

    def _deliver(self, message: Message) -> None:
        """Do the rest of a chain."""
        self._receive(message)

    def _receive(self, message: Message) -> None:
        self._messages.extend([message] * self._copies)
