"""The result processor."""

import math
from collections.abc import Sequence

from app.domain.artifact import Collected
from app.domain.execution import Execution, State
from app.domain.fault import Fault
from app.domain.judging import (
    Judgement,
    Judging,
    judged_tests,
    kept,
    message_about,
    outcome_of_all,
)
from app.domain.report import Observation, StageOutput
from app.domain.result import Result
from app.domain.submission import Submission
from app.ports import Ports
from app.service import artifacts
from app.service.callbacks import deliver_first
from app.service.checker_pods import CheckerFailed, ended_checks
from app.service.checks import Checks
from app.service.holding import is_judged, judging
from app.service.hosts import here
from app.service.judging import judge_of
from app.service.outputs import Ended, OutputLost, outputs, present
from app.service.printed import Packed, pack
from app.service.saga import begin, clean_up, end_attempt
from app.service.transitions import apply, soon


def persist(ports: Ports, execution_id: str) -> None:
    """Store output, files and verdict; complete the execution; release the slot; delete the pod.

    The result is inserted before the row names it, and only once. If a worker dies in between,
    the next one inserts nothing new and names the same result. If the execution is cancelled in
    between, its clean-up removes the result.
    """
    if is_judged(execution_id, "persist"):
        return
    execution = begin(
        ports, execution_id, frozenset({State.FINISHED}), "persist", at=here(ports.fleet)
    )
    if execution is None:
        return
    with judging(ports.store.executions, ports.clock, execution, "persist") as is_first:
        if is_first:
            _persist(ports, execution)


def _persist(ports: Ports, execution: Execution) -> None:
    try:
        result, message, cpu_us = _result(ports, execution)
    except (OutputLost, CheckerFailed):
        end_attempt(ports, execution, Fault.NOT_STORED)
        return
    except artifacts.Lost as lost:
        end_attempt(ports, execution, Fault.NOT_STORED, str(lost))
        return
    ports.store.results.insert(result)
    change = execution.complete(
        ports.clock(),
        soon(ports.clock),
        message,
        cpu_us=cpu_us,
        stored_bytes=result.stored_bytes,
    )
    if apply(ports, change):
        if (stage := result.report.compile) is not None:
            ports.metrics.compiled(cached=stage.cached)
        deliver_first(ports, change.after)
        clean_up(ports, change.after)


def _result(ports: Ports, execution: Execution) -> tuple[Result, str | None, int]:
    """The result, the message about it, and the CPU time of program and checker.

    Raises OutputLost, CheckerFailed and artifacts.Lost.
    """
    observation, submission = _judged(ports, execution)
    pod = Ended.of(observation)
    checks = ended_checks(ports.runtime, ports.policy, execution, submission, pod)
    packed, judgements = _judge_and_pack(ports, execution, submission, pod, checks)
    if outcome_of_all(judgements) is not execution.outcome:
        raise OutputLost(execution.pod)
    collected = observation.collected or Collected()
    result = Result(
        id=execution.pod,
        execution_id=execution.id,
        report=pod.report,
        output=packed.output,
        printed=packed.blob,
        segments=packed.segments,
        tests=packed.tests,
        points_max=math.fsum(test.points for test in submission.tests),
        artifacts=artifacts.store(ports.blobs, ports.runtime, execution, collected),
        artifacts_left_out=collected.left_out,
    )
    cpu_us = pod.report.cpu_us + (checks.cpu_us if checks else 0)
    return result, message_about(submission, pod.report, judgements), cpu_us


def _judged(ports: Ports, execution: Execution) -> tuple[Observation, Submission]:
    """The end of the pod that the verdict is about, and its program. Raises OutputLost."""
    observation = ports.seen_ends.take(execution) or ports.runtime.observe(execution.pod)
    submission = ports.store.executions.submission(execution.id)
    # A late duplicate may have created the pod again: then this is not the judged run.
    if (
        observation is None
        or observation.report is None
        or observation.ended_at != execution.finished_at
        or submission is None
    ):
        raise OutputLost(execution.pod)
    return observation, submission


def _judge_and_pack(
    ports: Ports, execution: Execution, submission: Submission, pod: Ended, checks: Checks | None
) -> tuple[Packed, Sequence[Judgement | None]]:
    """Judge each run while its output is stored, so that it is read once."""
    judging = Judging(submission, pod.report)
    judge_output = judge_of(submission, checks, execution.wrong_runs)

    def keeps(printed: StageOutput | None) -> bool:
        judgement = judging.next(lambda run: judge_output(run, lambda: present(pod, printed)))
        return kept(submission, judgement)

    packed = pack(
        ports.blobs,
        execution.id,
        outputs(ports.runtime, pod),
        keeps,
        lambda: judged_tests(submission, judging.found),
    )
    return packed, judging.found
