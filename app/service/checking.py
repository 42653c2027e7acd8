"""The checker's pod: created once the program has ended, watched like the program's own."""

from app.domain.errors import RunRefused
from app.domain.execution import SECOND, Execution, Time
from app.domain.judging import runs_to_judge
from app.domain.pod import Observation, Phase
from app.domain.policy import Policy
from app.domain.submission import Checker, Submission
from app.ports import Ports, Runtime
from app.service.judging import Ended, checker_pod
from app.service.saga import owns_pod

FIRST_LOOK_SECONDS = 0.1
"""How long a worker's thread waits for a checker that has just been started to end."""


class CheckerFailed(Exception):
    """The service could not run the checker."""

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.final = final
        """Whether another attempt would fail as well."""


def needs_checker(submission: Submission, pod: Ended) -> bool:
    return submission.checker is not None and bool(runs_to_judge(submission, pod.report))


def run_checker(
    ports: Ports, execution: Execution, submission: Submission, pod: Ended, ended_at: Time
) -> Ended | None:
    """Start the checker unless it has been started. None if it has not ended yet.

    Raises CheckerFailed, and OutputLost if what it has to look at is gone.
    """
    assert submission.checker, "the caller has asked needs_checker"
    found = ports.runtime.observe(execution.checker_pod)
    if found is None:
        found = _start(ports, execution, submission, submission.checker, pod)
    if found is not None and found.phase is Phase.FAULTED:
        raise CheckerFailed(found.message or "the runtime lost the checker")
    if found is not None and found.phase is Phase.ENDED:
        return Ended.of(found)
    if ports.clock() > _deadline(submission.checker, ports.policy, found, ended_at):
        raise CheckerFailed("the checker did not end before its deadline")
    return None


def _start(
    ports: Ports, execution: Execution, submission: Submission, checker: Checker, pod: Ended
) -> Observation | None:
    seconds = ports.policy.max_wall_seconds
    asked = checker_pod(ports.runtime, execution, submission, checker, pod, seconds)
    try:
        ports.runtime.create(asked)
    except RunRefused as error:
        raise CheckerFailed(f"the runtime refused the checker: {error}", final=True) from error
    # It may have been cancelled, or given up, while the pod was being created.
    if not owns_pod(ports.store.executions.get(execution.id), execution.attempt):
        ports.runtime.delete(execution.checker_pod)
        return None
    return ports.runtime.observe(execution.checker_pod, FIRST_LOOK_SECONDS)


def _deadline(
    checker: Checker, policy: Policy, observation: Observation | None, ended_at: Time
) -> Time:
    """The runtime enforces time limits; this is the backstop."""
    seconds = policy.start_timeout
    if observation is not None and observation.phase is Phase.RUNNING:
        alone = checker.compile_limits.wall_seconds + checker.limits.wall_seconds
        seconds += max(policy.max_wall_seconds, alone) + policy.start_timeout
    return ended_at + int(seconds * SECOND)


def ended_checker(
    runtime: Runtime, execution: Execution, submission: Submission, pod: Ended
) -> Ended | None:
    """The checker that has judged a finished execution. Raises CheckerFailed if it is gone."""
    if not needs_checker(submission, pod):
        return None
    found = runtime.observe(execution.checker_pod)
    if found is None or found.phase is not Phase.ENDED:
        raise CheckerFailed("the checker's verdict was lost before it was stored")
    return Ended.of(found)
