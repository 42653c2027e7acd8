"""Executions of every fate, run step by step on twins."""

from app.domain.execution import Execution, State
from app.domain.report import Report, StageOutput, StageReport
from app.infrastructure.memory.runtime import Script, exited
from app.service.cancel import cancel
from app.service.relay import relay
from app.service.retry import retry
from app.service.submit import submit
from app.service.sweep import sweep
from tests.support.builders import a_key, a_submission
from tests.support.twins import Twins
from tests.support.worker import Worker

BROKEN = Report(
    compile=StageReport(exit_code=1, signal=None, wall_us=1, cpu_us=1, memory_peak_kib=1), runs=()
)
COMPLAINT = StageOutput(stdout=b"", stderr=b"line 1: no")
RUNS_ON = Script(ends=None)


class Lives:
    """Lives of executions. `rows` has them by name, as they are once all events are in the log."""

    def __init__(self, twins: Twins) -> None:
        self._twins = twins
        self._worker = Worker(twins.ports)
        ids = {
            "completed": self._lived(Script()),
            "crashed": self._lived(Script(ends=exited(signal="SIGSEGV"))),
            "does not compile": self._lived(Script(ends=BROKEN, compile_output=COMPLAINT)),
            "second attempt": self._lived(RUNS_ON, faults=1),
            "failed": self._lived(RUNS_ON, faults=3),
            "cancelled": self._cancelled(),
        }
        ids["retry"] = self._retried(ids["failed"])
        ids["running"] = self._lived(RUNS_ON)
        ids["queued"] = self._submitted()
        self._worker.drop_messages()
        while relay(twins.ports):
            pass
        self.rows = {name: self._row(id) for name, id in ids.items()}
        twins.clock.advance(1)

    def _lived(self, script: Script, *, faults: int = 0) -> str:
        self._twins.runtime.script = lambda _pod: script
        execution_id = self._submitted()
        self._worker.run_all()
        for _ in range(faults):
            self._twins.runtime.fault(self._row(execution_id).pod)
            self._twins.pipeline.start(execution_id, State.RUNNING)
            self._worker.run_all()
            self._twins.runtime.script = lambda _pod: Script() if faults == 1 else RUNS_ON
            self._next_attempt()
        return execution_id

    def _cancelled(self) -> str:
        execution_id = self._submitted()
        cancel(self._twins.ports, self._row(execution_id))
        self._worker.run_all()
        return execution_id

    def _retried(self, execution_id: str) -> str:
        self._twins.runtime.script = lambda _pod: Script()
        again = retry(self._twins.ports, self._row(execution_id))
        self._worker.run_all()
        return again.id

    def _submitted(self) -> str:
        self._twins.clock.advance(1)
        submission = a_submission(labels={"course": "cs101"}, stdin=b"hello\n")
        return submit(self._twins.ports, a_key(name="ada"), submission).id

    def _next_attempt(self) -> None:
        """Wait long enough for a back-off to end, but for nothing else."""
        self._twins.clock.advance(6)
        sweep(self._twins.ports)
        self._worker.run_all()

    def _row(self, execution_id: str) -> Execution:
        row = self._twins.store.executions.get(execution_id)
        assert row is not None
        return row
