"""The result processor."""

from app.domain.artifact import Collected
from app.domain.execution import State
from app.domain.result import Result
from app.ports import Ports
from app.service import artifacts
from app.service.callbacks import deliver_first
from app.service.saga import begin, clean_up, end_attempt
from app.service.transitions import apply, soon


def persist(ports: Ports, execution_id: str) -> None:
    """Store output, files and verdict; complete the execution; release the slot; delete the pod.

    The result is inserted before the row names it, and only once. If a worker dies in between,
    the next one inserts nothing new and names the same result. If the execution is cancelled in
    between, its clean-up removes the result.
    """
    execution = begin(ports, execution_id, frozenset({State.FINISHED}), "persist")
    if execution is None:
        return
    observation = ports.runtime.observe(execution.pod)
    output = ports.runtime.output(execution.pod)
    if (
        observation is None
        or observation.report is None
        or output is None
        # A late duplicate may have created the pod again: then this is not the judged run.
        or observation.ended_at != execution.finished_at
    ):
        end_attempt(ports, execution, "the program's output was lost before it was stored")
        return
    collected = observation.collected or Collected()
    try:
        stored = artifacts.store(ports, execution, collected)
    except artifacts.Lost as lost:
        end_attempt(ports, execution, str(lost))
        return
    result = Result(
        id=execution.pod,
        execution_id=execution_id,
        report=observation.report,
        output=output,
        artifacts=stored,
        artifacts_left_out=collected.left_out,
    )
    ports.store.results.insert(result)
    change = execution.complete(
        ports.clock(),
        soon(ports.clock),
        observation.report.message,
        cpu_us=observation.report.cpu_us,
        stored_bytes=result.stored_bytes,
    )
    if apply(ports, change):
        deliver_first(ports, change.after)
        clean_up(ports, change.after)
