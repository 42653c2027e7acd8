"""A program on twins that prints and ends as a test says, while a page follows it."""

from typing import Any

from app.domain.execution import Execution
from app.domain.report import Frame, Report, Stream
from app.infrastructure.memory.runtime import Script, exited
from tests.support.twins import Twins
from tests.support.worker import Worker


class AProgram:
    """Submitted, and running once it is started."""

    def __init__(self, twins: Twins, worker: Worker, **submission: Any) -> None:
        self._twins = twins
        self._worker = worker
        self._printed = {Stream.STDOUT: 0, Stream.STDERR: 0}
        self._sequence = 0
        twins.runtime.script = lambda _pod: Script(ends=None)
        self.execution = twins.submit(**submission)
        self.id = self.execution.id

    @property
    def now(self) -> Execution:
        return self._twins.now(self.execution)

    def start(self) -> None:
        self._worker.run_all()
        self.notify()

    def print(self, content: bytes, stream: Stream = Stream.STDOUT) -> None:
        """Print, as the runtime stores it and as those who watch see it."""
        self._twins.runtime.print(self.now.pod, content, stream)
        self._sequence += 1
        frame = Frame(self._sequence, stream, self._printed[stream], content)
        self._printed[stream] += len(content)
        self._twins.ports.live.append(self.now.pod, [frame])
        self.notify()

    def end(self, report: Report | None = None) -> None:
        self._twins.runtime.end(self.now.pod, report or exited())
        self.go_on()

    def lose(self, message: str) -> None:
        """Lose the attempt, so that another one follows."""
        self._twins.runtime.fault(self.now.pod, message)
        self.go_on()

    def go_on(self) -> None:
        self._twins.ports.pipeline.start(self.id, self.now.state)
        self._worker.run_all()
        self.notify()

    def notify(self) -> None:
        self._twins.ports.wakeups.notify(self.id)
