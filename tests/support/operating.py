"""A service that has worked for an hour, on twins: what pages for operators show."""

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Final

from app.domain.dead_letter import DeadLetterKind, DeadLetterStatus
from app.domain.execution import MILLISECOND, SECOND, Outcome, State
from app.domain.minutes import QUEUED, counters_of, minute_of
from app.domain.submission import Priority
from app.domain.worker import RunningStep, WorkerReport
from app.service import dead_letters
from tests.contracts.queued import entry
from tests.support.builders import a_dead_letter, a_message, an_execution
from tests.support.twins import Twins

ENDS: Final[tuple[Outcome | State, ...]] = (
    *[Outcome.SUCCESS] * 12,
    *[Outcome.WRONG_OUTPUT] * 3,
    *[Outcome.RUNTIME_ERROR] * 2,
    Outcome.COMPILE_ERROR,
    Outcome.TIME_LIMIT,
    Outcome.MEMORY_LIMIT,
    State.CANCELLED,
)
TRACEBACK: Final = """\
celery/app/trace.py:453 in trace_task
app/service/steps.py:71 in run_step
app/service/pods.py:118 in create
KeyError"""


def an_hour_of_work(twins: Twins) -> None:
    """Count ends in each of the last minutes, and leave queues, workers and dead letters."""
    _count_minutes(twins)
    for owner, priority, count in (
        ("ada", Priority.NORMAL, 5),
        ("bob", Priority.LOW, 3),
        ("eve", Priority.NORMAL, 1),
    ):
        for _ in range(count):
            execution = twins.submit(owner=owner, priority=priority)
            twins.admission.enter([entry(execution.id, owner=owner, priority=priority)])
    twins.clock.advance(4)
    for report in _reports(twins):
        twins.ports.worker_reports.put(report)
    some_dead_letters(twins)


def some_dead_letters(twins: Twins) -> None:
    """One of each kind, one of which is archived."""
    execution = twins.submit(owner="ada")
    dead_letters.record_task_error(
        twins.ports, "podline.pods.create", execution.id, "KeyError: 'node'", TRACEBACK
    )
    dead_letters.record_poison(twins.ports, "pods", a_message(), "NotATask: KeyError: 'podline.x'")
    put = twins.store.dead_letters.put
    put(replace(a_dead_letter(), id=f"exhausted.{execution.id}", execution_id=execution.id))
    archived = a_dead_letter(
        id=f"callback.{execution.id}",
        kind=DeadLetterKind.CALLBACK,
        status=DeadLetterStatus.ARCHIVED,
        error="the receiver answered 500",
        next_retry_at=None,
    )
    put(archived)


def _count_minutes(twins: Twins) -> None:
    random, now = Random(1), twins.clock()
    for ago in range(60):
        minute = minute_of(now) - ago
        for counter in _ends(random, random.randint(4, 12) + (20 if 20 < ago < 26 else 0)):
            twins.ports.minutes.add(minute, [counter])
        twins.ports.minutes.note(minute, QUEUED, max(0, 30 - abs(ago - 23) * 4))


def _ends(random: Random, count: int) -> Iterator[str]:
    for _ in range(count):
        end = random.choice(ENDS)
        started = SECOND + int(random.expovariate(1 / 40) * MILLISECOND)
        execution = an_execution(
            created_at=SECOND,
            started_at=started,
            finished_at=started + int(random.expovariate(1 / 300) * MILLISECOND),
            outcome=end if isinstance(end, Outcome) else None,
            state=end if isinstance(end, State) else State.COMPLETED,
        )
        yield from counters_of(execution)


def _reports(twins: Twins) -> Iterator[WorkerReport]:
    now = twins.clock()
    step = RunningStep(task="podline.pods.create", subject_id=None, started_at=now - 2 * SECOND)
    for number, roles in enumerate((("admission", "saga"), ("pods", "monitor"), ("results",))):
        yield WorkerReport(
            name=f"runner-{number}:{4000 + number}",
            kind="worker",
            roles=roles,
            version="0.2.0",
            seen_at=now - number * SECOND,
            steps=(step,) if "pods" in roles else (),
        )
    yield WorkerReport(name="runner-0:3999", kind="beat", roles=(), version="0.2.0", seen_at=now)
