"""The checker's pods: created once the program has ended, watched like the program's own."""

from app.domain.errors import RunRefused
from app.domain.execution import SECOND, Execution, Time
from app.domain.judging import runs_to_judge
from app.domain.policy import Policy
from app.domain.report import Observation, Phase
from app.domain.submission import Checker, Submission
from app.ports import Ports, Runtime
from app.service.checks import Checks
from app.service.hosts import lacks
from app.service.outputs import Ended
from app.service.saga import owns_pod

FIRST_LOOK_SECONDS = 0.1
"""How long a worker's thread waits for a checker that has just been started to end."""


class CheckerFailed(Exception):
    """The service could not run the checker."""

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.final = final
        """Whether another attempt would fail as well."""


def checks_of(
    runtime: Runtime, policy: Policy, submission: Submission, pod: Ended
) -> Checks | None:
    """What there is to check, if anything."""
    checker = submission.checker
    if checker is None or not runs_to_judge(submission, pod.report):
        return None
    return Checks(runtime, submission, checker, pod, policy.max_wall_seconds)


def run_checker(ports: Ports, execution: Execution, checks: Checks, ended_at: Time) -> bool:
    """Start the checker's next pod unless it has been started. True once all have ended.

    Raises CheckerFailed, and OutputLost if what it has to look at is gone.
    """
    while not checks.complete:
        name = execution.checker_pod(checks.next_number)
        found = ports.runtime.observe(name) or _start(ports, execution, checks, name)
        if found is not None and found.phase is Phase.FAULTED:
            raise CheckerFailed(found.message or "the runtime lost the checker")
        if found is None or found.phase is not Phase.ENDED:
            if ports.clock() > _deadline(checks.checker, ports.policy, found, ended_at):
                raise CheckerFailed("the checker did not end before its deadline")
            return False
        checks.add(Ended.of(found))
        ended_at = found.ended_at or ended_at
    return True


def _start(ports: Ports, execution: Execution, checks: Checks, name: str) -> Observation | None:
    try:
        ports.runtime.create(checks.next_pod(name).owned_by(execution.owner))
    except RunRefused as error:
        final = not lacks(ports.fleet, ports.runtime, execution.languages)
        raise CheckerFailed(f"the runtime refused the checker: {error}", final=final) from error
    # It may have been cancelled, or given up, while the pod was being created.
    if not owns_pod(ports.store.executions.get(execution.id), execution.attempt):
        ports.runtime.delete(name)
        return None
    return ports.runtime.observe(name, FIRST_LOOK_SECONDS)


def _deadline(
    checker: Checker, policy: Policy, observation: Observation | None, ended_at: Time
) -> Time:
    """The runtime enforces time limits; this is the backstop."""
    seconds = policy.start_timeout
    if observation is not None and observation.phase is Phase.RUNNING:
        alone = checker.compile_limits.wall_seconds + checker.limits.wall_seconds
        seconds += max(policy.max_wall_seconds, alone) + policy.start_timeout
    return ended_at + int(seconds * SECOND)


def ended_checks(
    runtime: Runtime, policy: Policy, execution: Execution, submission: Submission, pod: Ended
) -> Checks | None:
    """The checks of a finished execution. Raises CheckerFailed if one of its pods is gone."""
    checks = checks_of(runtime, policy, submission, pod)
    while checks and not checks.complete:
        found = runtime.observe(execution.checker_pod(checks.next_number))
        if found is None or found.phase is not Phase.ENDED:
            raise CheckerFailed("the checker's verdict was lost before it was stored")
        checks.add(Ended.of(found))
    return checks
