"""Whatever happens between two calls of a step, an execution ends once and leaves nothing."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, cast

import pytest

from app.domain.dead_letter import DeadLetterStatus
from app.domain.errors import Conflict
from app.domain.execution import SECOND, Execution, State, pod_name
from app.domain.pod import Pod
from app.domain.result import BEGINNING_BYTES
from app.domain.submission import Checker, File, Priority, SubmittedTest
from app.infrastructure.memory.runtime import Script
from app.ports import AdmissionQueue, Blobs, LiveOutput, Ports, QueueEntry, Runtime
from app.service.cancel import cancel
from app.service.checks import PART_BYTES
from app.service.retention import SECONDS_UNTIL_ORPHANED, erase, remove_orphaned_blobs
from app.service.saga import compensate
from app.service.submit import submit
from app.service.sweep import sweep
from tests.support.builders import a_key, a_submission, an_id
from tests.support.constants import changed
from tests.support.twins import Twins, make_twins, wrapped
from tests.support.worker import Worker

TICKS = 9
SECONDS_OF_A_TICK = 15
CPU_US_OF_TWO_CHECKED_TESTS = 4_000
"""Together longer than any grace period."""


REFUSED = "cobol"
"""A language that the runtime can't run: the execution fails and leaves a dead letter."""


class Killed(BaseException):
    """Raised where a SIGKILL would end the process."""


@dataclass
class Interruption:
    """Counts the calls of all steps. Before one of them, something happens."""

    call: int
    happens: Callable[[], None]
    calls: int = field(default=0, init=False)

    def meet(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self.calls += 1
        if self.calls == self.call:
            self.happens()
        return method(*args, **kwargs)


class Interrupted:
    """A twin whose calls are counted."""

    def __init__(self, twin: object, interruption: Interruption) -> None:
        self._twin = twin
        self._interruption = interruption

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return partial(self._interruption.meet, getattr(self._twin, name))


def interrupted(ports: Ports, interruption: Interruption) -> Ports:
    return replace(
        ports,
        store=wrapped(ports.store, partial(Interrupted, interruption=interruption)),
        admission=cast(AdmissionQueue, Interrupted(ports.admission, interruption)),
        runtime=cast(Runtime, Interrupted(ports.runtime, interruption)),
        live=cast(LiveOutput, Interrupted(ports.live, interruption)),
        blobs=cast(Blobs, Interrupted(ports.blobs, interruption)),
    )


Happening = Callable[[Twins, str], None]


def cancelled(twins: Twins, execution_id: str) -> None:
    with suppress(Conflict):
        cancel(twins.ports, row_of(twins, execution_id))


def cancelled_and_cleaned_up(twins: Twins, execution_id: str) -> None:
    """Another worker cleans up in the middle of a step."""
    cancelled(twins, execution_id)
    compensate(twins.ports, execution_id)


def killed(_twins: Twins, _execution_id: str) -> None:
    raise Killed


def killed_and_cancelled(twins: Twins, execution_id: str) -> None:
    cancelled(twins, execution_id)
    raise Killed


def killed_and_output_lost(twins: Twins, execution_id: str) -> None:
    """A whole host is lost: another attempt is to be made, unless a result was stored."""
    twins.runtime.lose(row_of(twins, execution_id).pod)
    raise Killed


def killed_and_checker_lost(twins: Twins, execution_id: str) -> None:
    twins.runtime.lose(row_of(twins, execution_id).checker_pod())
    raise Killed


def deleted(twins: Twins, execution_id: str) -> None:
    with suppress(Conflict):
        erase(twins.store.executions, twins.blobs, row_of(twins, execution_id))


def cancelled_and_deleted(twins: Twins, execution_id: str) -> None:
    cancelled(twins, execution_id)
    deleted(twins, execution_id)


HAPPENINGS: tuple[Happening, ...] = (
    cancelled,
    cancelled_and_cleaned_up,
    killed,
    killed_and_cancelled,
    killed_and_output_lost,
    deleted,
    cancelled_and_deleted,
)


def row_of(twins: Twins, execution_id: str) -> Execution:
    row = twins.store.executions.get(execution_id)
    assert row is not None
    return row


def live_through(
    twins: Twins,
    happens: Happening,
    call: int,
    *,
    language: str = "python",
    messages: bool = True,
    **facts: object,
) -> tuple[Execution, int]:
    """Run one execution until long after its end. Returns the calls until it was settled."""
    row = submit(twins.ports, a_key(name="ada"), a_submission(language=language, **facts))
    interruption = Interruption(call, partial(happens, twins, row.id))
    ports = interrupted(twins.ports, interruption)
    worker = Worker(ports, copies=2)
    if not messages:
        worker.drop_messages()
    calls = 0
    for _ in range(TICKS):
        with suppress(Killed):
            worker.run_all()
        if not calls and row_of(twins, row.id).next_action_at is None:
            calls = interruption.calls
        twins.clock.advance(SECONDS_OF_A_TICK)
        with suppress(Killed):
            sweep(ports)
    worker.run_all()
    return row_of(twins, row.id), calls


def check(twins: Twins, row: Execution) -> None:
    """Check that it ended as its row says, and that nothing else is left."""
    assert row.state.terminal
    assert row.next_action_at is None
    attempts = [pod_name(row.id, attempt) for attempt in range(row.attempt + 1)]
    stored = [id for id in attempts if twins.store.results.get(id) is not None]
    assert stored == ([row.result_id] if row.result_id and not row.erased else [])
    assert (row.result_id is not None) == (row.state is State.COMPLETED)
    assert (twins.store.executions.submission(row.id) is None) == row.erased
    assert twins.runtime.list_pods() == []
    assert (twins.admission.slots_used(), twins.admission.length()) == (0, 0)
    letters = twins.store.dead_letters.count()
    assert letters == ({DeadLetterStatus.WAITING: 1} if row.state is State.FAILED else {})
    versions = [event.version for event in twins.store.executions.events(row.id)]
    assert versions == list(range(1, row.version + 1))


@pytest.mark.parametrize(
    ("language", "messages"),
    [
        pytest.param("python", True, id="messages come"),
        pytest.param("python", False, id="messages are lost"),
        pytest.param(REFUSED, True, id="refused, messages come"),
        pytest.param(REFUSED, False, id="refused, messages are lost", marks=pytest.mark.long),
    ],
)
@pytest.mark.parametrize("happens", HAPPENINGS)
def test_before_any_call(happens: Happening, language: str, messages: bool) -> None:
    call = calls = 1
    while call <= calls:
        twins = make_twins()
        row, calls = live_through(twins, happens, call, language=language, messages=messages)
        ends = {State.CANCELLED, State.FAILED if language == REFUSED else State.COMPLETED}
        try:
            assert row.state in ends
            check(twins, row)
        except AssertionError as error:
            raise AssertionError(f"call {call}: {row}") from error
        call += 1


@pytest.mark.parametrize("happens", HAPPENINGS)
def test_before_any_call_while_there_is_no_room_for_its_pod(happens: Happening) -> None:
    """The other slot belongs to nobody, and is found after 75 seconds."""
    call = calls = 1
    while call <= calls:
        twins = make_twins()
        other = QueueEntry(an_id(), "bob", Priority.NORMAL, twins.clock(), "python-3.11")
        twins.admission.hold(other, twins.clock() + 45 * SECOND)
        twins.runtime.script = partial(no_room_at_first, twins)
        row, calls = live_through(twins, happens, call)
        try:
            assert row.state in {State.CANCELLED, State.COMPLETED}
            assert row.attempt <= 1 or happens is killed_and_output_lost
            check(twins, row)
            assert row.state is State.CANCELLED or len(twins.runtime.created) > 1
        except AssertionError as error:
            raise AssertionError(f"call {call}: {row}") from error
        call += 1


def no_room_at_first(twins: Twins, _: Pod) -> Script:
    """From now on, the place holds one program less than is running."""
    first, twins.runtime.room = twins.runtime.room is None, 1
    return Script(no_room=first)


CHECKER = Checker(
    language="python",
    language_version="3.11",
    files=(File("main.py", b""),),
    entrypoint="main.py",
    limits=a_submission().limits,
    compile_limits=a_submission().compile_limits,
)


@pytest.mark.parametrize(
    ("happens", "part_bytes"),
    [
        *((happens, 1) for happens in (*HAPPENINGS, killed_and_checker_lost)),
        (killed, PART_BYTES),
        *(
            pytest.param(happens, PART_BYTES, marks=pytest.mark.long)
            for happens in (*HAPPENINGS, killed_and_checker_lost)
            if happens is not killed
        ),
    ],
)
def test_before_any_call_of_tests_with_a_checker(happens: Happening, part_bytes: int) -> None:
    """In one pod by default; in a pod for each test if it holds one byte."""
    call = calls = 1
    tests = (SubmittedTest(name="1"), SubmittedTest(name="2"))
    while call <= calls:
        twins = make_twins()
        with changed(checks__PART_BYTES=part_bytes):
            row, calls = live_through(twins, happens, call, tests=tests, checker=CHECKER)
        try:
            assert row.state in {State.CANCELLED, State.COMPLETED}
            assert row.state is State.CANCELLED or row.cpu_us == CPU_US_OF_TWO_CHECKED_TESTS
            check(twins, row)
            result = twins.store.results.get(row.result_id or "")
            assert result is None or [test.points for test in result.tests] == [1, 1]
        except AssertionError as error:
            raise AssertionError(f"call {call}: {row}") from error
        call += 1


LONG = b"x" * (BEGINNING_BYTES + 1)
FILES = {"a": b"1", "b/c": b""}


@pytest.mark.parametrize("happens", HAPPENINGS)
def test_before_any_call_with_files_and_long_output(happens: Happening) -> None:
    call = calls = 1
    while call <= calls:
        twins = make_twins()
        twins.runtime.script = lambda _: Script(prints=LONG, creates=FILES)
        row, calls = live_through(twins, happens, call, artifacts=("*",))
        try:
            assert row.state in {State.CANCELLED, State.COMPLETED}
            check(twins, row)
            check_contents(twins, row)
        except AssertionError as error:
            raise AssertionError(f"call {call}: {row}") from error
        call += 1


def check_contents(twins: Twins, row: Execution) -> None:
    """Check that a result has all its contents, and an erased execution none, a day later."""
    result = twins.store.results.get(row.result_id or "")
    if result is not None:
        assert result.printed is not None
        assert b"".join(twins.blobs.read(row.id, result.printed) or ()) == LONG
        assert {
            each.name: b"".join(twins.blobs.read(row.id, each.blob) or ())
            for each in result.artifacts
        } == FILES
    twins.clock.advance(10_000 * SECONDS_UNTIL_ORPHANED)
    remove_orphaned_blobs(twins.ports)
    if row.erased:
        assert twins.blobs.owners("", "z", 1) == []
