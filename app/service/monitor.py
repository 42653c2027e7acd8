"""The pod monitor: turns what the runtime reports into transitions, and feeds live output."""

from collections.abc import Sequence
from typing import Final

from app.domain.execution import HAS_POD, SECOND, Execution, State, pod_name
from app.domain.fault import Fault
from app.domain.judging import Judgement, verdict
from app.domain.report import Frame, Observation, Phase
from app.domain.submission import Submission
from app.ports import Ports
from app.service.checker_pods import CheckerFailed, checks_of, run_checker
from app.service.ended_tests import frames_of
from app.service.giving_back import give_back
from app.service.holding import is_judged, judging
from app.service.hosts import here
from app.service.judging import judge
from app.service.outputs import Ended, OutputLost
from app.service.saga import begin, end_attempt
from app.service.slots import is_overbooked
from app.service.transitions import apply, in_seconds, soon

FIRST_LOOK_SECONDS: Final = 0.1
"""How long a worker's thread waits for a program that has just been started to end."""
POLL_SECONDS: Final = 5.0
"""Between two looks at a running pod if the watcher reports nothing."""

_UNDER_WAY = frozenset({State.STARTING, State.RUNNING})


def poll(ports: Ports, execution_id: str) -> bool:
    """Observe the pod once. True if the verdict is known and the chain continues."""
    if is_judged(execution_id, "poll"):
        return False
    execution = begin(ports, execution_id, _UNDER_WAY, "poll", at=here(ports.fleet))
    if execution is None:
        return False
    # Most programs end at once: a short wait saves the state running and another message.
    first_look = execution.state is State.STARTING
    wait = FIRST_LOOK_SECONDS if first_look else 0
    observation = ports.runtime.observe(execution.pod, wait)
    if observation is None or observation.phase is Phase.WAITING:
        return _not_running(ports, execution, observation)
    if observation.phase is Phase.FAULTED:
        end_attempt(ports, execution, Fault.RUNTIME, observation.message)
        return False
    if observation.phase is Phase.RUNNING:
        return _running(ports, execution, observation)
    if execution.has_checker:  # Whoever waits for it must not miss the report about its end.
        return _ended(ports, execution, observation)
    with judging(ports.store.executions, ports.clock, execution, "poll") as is_first:
        return is_first and _ended(ports, execution, observation)


def _not_running(ports: Ports, execution: Execution, observation: Observation | None) -> bool:
    if execution.state is State.RUNNING:
        end_attempt(ports, execution, Fault.POD_GONE)
        return False
    if observation and observation.no_room and is_overbooked(ports):
        give_back(ports, execution, observation.message or Fault.NO_ROOM.text)
        return False
    # A late report about an earlier attempt's pod can come before this one's is created, so a
    # missing pod is not a fault yet: the start deadline decides, and the sweep creates again.
    deadline = execution.start_deadline or 0
    why = observation.message if observation else None
    if ports.clock() > deadline:
        end_attempt(ports, execution, Fault.START_DEADLINE, why)
    else:
        next_poll = in_seconds(ports.clock, POLL_SECONDS)
        ports.store.executions.reschedule(execution, min(next_poll, deadline), why)
    return False


def _running(ports: Ports, execution: Execution, observation: Observation) -> bool:
    if _runs_too_long(ports, execution):
        end_attempt(ports, execution, Fault.TIME_LIMIT)
        return False
    return _look_later(ports, execution, observation)


def _look_later(ports: Ports, execution: Execution, observation: Observation) -> bool:
    """It is running: poll again, unless something else starts its chain."""
    next_poll = in_seconds(ports.clock, POLL_SECONDS)
    if execution.state is State.RUNNING:
        ports.store.executions.reschedule(execution, next_poll)
    else:
        now = ports.clock()
        apply(ports, execution.run(now, next_poll, observation.started_at or now))
    return False


def _runs_too_long(ports: Ports, execution: Execution) -> bool:
    """The runtime enforces time limits; this is the backstop."""
    if execution.started_at is None:
        return False
    limits = execution.limits.wall_seconds + execution.compile_limits.wall_seconds
    if execution.tests:
        limits = max(limits, ports.policy.max_wall_seconds)
    patience = limits + ports.policy.start_timeout
    return ports.clock() > execution.started_at + int(patience * SECOND)


def _ended(ports: Ports, execution: Execution, observation: Observation) -> bool:
    """Judge the program, once the checker has ended too, if there is one."""
    submission = ports.store.executions.submission(execution.id)
    if submission is None:
        end_attempt(ports, execution, Fault.PROGRAM_GONE, final=True)
        return False
    try:
        judgements = _judgements(ports, execution, submission, observation)
    except OutputLost:
        end_attempt(ports, execution, Fault.OUTPUT_LOST)
        return False
    except CheckerFailed as error:
        end_attempt(ports, execution, Fault.CHECKER, str(error), final=error.final)
        return False
    if judgements is None:
        return _look_later(ports, execution, observation)
    found = verdict(submission, observation, judgements)
    ports.seen_ends.remember(observation)
    return apply(ports, execution.finish(ports.clock(), soon(ports.clock), found))


def _judgements(
    ports: Ports, execution: Execution, submission: Submission, observation: Observation
) -> Sequence[Judgement | None] | None:
    """None while the checker has not ended."""
    pod, ended_at = Ended.of(observation), observation.ended_at or ports.clock()
    checks = checks_of(ports.runtime, ports.policy, submission, pod)
    if checks and not run_checker(ports, execution, checks, ended_at):
        return None
    return judge(ports.runtime, submission, pod, checks)


def feed_live_output(ports: Ports) -> bool:
    """Pass on what watched programs printed since the last call.

    False if nobody watches. Raises CoordinationUnavailable and RuntimeUnavailable.
    """
    watched = ports.live.watched()
    under_way = ports.store.executions.states_of(sorted(watched)) if watched else {}
    for execution_id, (state, attempt) in under_way.items():
        if state in HAS_POD:
            _feed(ports, execution_id, pod_name(execution_id, attempt))
    return bool(watched)


def _feed(ports: Ports, execution_id: str, pod: str) -> None:
    last = ports.live.last(pod)
    frames = ports.runtime.follow(pod, last) or _ended_tests(ports, execution_id, pod, last)
    if frames:
        ports.live.append(pod, frames)
        ports.wakeups.notify(execution_id, progress=True)


def _ended_tests(ports: Ports, execution_id: str, pod: str, after: int) -> list[Frame]:
    execution = ports.store.executions.get(execution_id)
    if execution is None or not execution.tests:
        return []
    observation = ports.runtime.observe(pod)
    if observation is None or observation.report is None:
        return []
    return frames_of(observation.report.runs, after)
