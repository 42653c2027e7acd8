"""The result processor."""

from app.domain.artifact import Collected
from app.domain.execution import Execution, State
from app.domain.judging import judged_tests, kept, message_about, outcome_of_all, total
from app.domain.result import Result
from app.ports import Ports
from app.service import artifacts
from app.service.callbacks import deliver_first
from app.service.checking import CheckerFailed, ended_checker
from app.service.judging import Ended, OutputLost, judge, outputs
from app.service.printed import pack
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
    try:
        result, message = _result(ports, execution)
    except (OutputLost, CheckerFailed):
        end_attempt(ports, execution, "the program's output was lost before it was stored")
        return
    except artifacts.Lost as lost:
        end_attempt(ports, execution, str(lost))
        return
    ports.store.results.insert(result)
    change = execution.complete(
        ports.clock(),
        soon(ports.clock),
        message,
        cpu_us=result.report.cpu_us,
        stored_bytes=result.stored_bytes,
    )
    if apply(ports, change):
        deliver_first(ports, change.after)
        clean_up(ports, change.after)


def _result(ports: Ports, execution: Execution) -> tuple[Result, str | None]:
    """The result, and what there is to say about it.

    Raises OutputLost, CheckerFailed and artifacts.Lost.
    """
    observation = ports.runtime.observe(execution.pod)
    submission = ports.store.executions.submission(execution.id)
    # A late duplicate may have created the pod again: then this is not the judged run.
    if (
        observation is None
        or observation.report is None
        or observation.ended_at != execution.finished_at
        or submission is None
    ):
        raise OutputLost(execution.pod)
    pod = Ended.of(observation)
    checker = ended_checker(ports.runtime, execution, submission, pod)
    judgements = judge(ports.runtime, submission, pod, checker)
    if outcome_of_all(judgements) is not execution.outcome:
        raise OutputLost(execution.checker_pod)
    collected = observation.collected or Collected()
    keep = [kept(submission, judgements, index) for index in range(len(judgements))]
    packed = pack(ports.blobs, execution.id, outputs(ports.runtime, pod), keep)
    result = Result(
        id=execution.pod,
        execution_id=execution.id,
        report=pod.report,
        output=packed.output,
        printed=packed.blob,
        segments=packed.segments,
        tests=judged_tests(submission, judgements),
        points_max=total([test.points for test in submission.tests]),
        artifacts=artifacts.store(ports.blobs, ports.runtime, execution, collected),
        artifacts_left_out=collected.left_out,
    )
    return result, message_about(submission, pod.report, judgements)
