"""Programs that are too large for a row: their blob comes first, and nothing of it is forgotten."""

from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

from app.domain.chain import PERSIST
from app.domain.compare.kinds import EXACT
from app.domain.errors import StoreFull
from app.domain.execution import Execution, State
from app.domain.submission import Checker, ExpectedOutput, File, Submission, SubmittedTest
from app.infrastructure.memory.runtime import Script
from app.infrastructure.mongo.batches import MongoBatches
from app.infrastructure.mongo.connection import Connection
from app.infrastructure.mongo.documents import ProgramDocument
from app.infrastructure.mongo.executions import MongoExecutions
from app.infrastructure.mongo.store import MongoStore
from app.infrastructure.programs import IN_ROW_BYTES, Programs
from app.infrastructure.sqlite.batches import SqliteBatches
from app.infrastructure.sqlite.database import Database
from app.infrastructure.sqlite.executions import SqliteExecutions
from app.infrastructure.sqlite.store import SqliteStore
from app.ports import Blobs, Ports
from app.service.batches import submit_batch
from app.service.cancel import cancel
from app.service.replay.modes import resubmit
from app.service.retention import erase, remove_orphaned_blobs
from app.service.retry import retry
from app.service.submit import submit
from app.service.sweep import sweep
from tests.contracts.conftest import TIMEOUT
from tests.support.builders import a_batch, a_key, a_replay, a_submission, accepted
from tests.support.constants import changed
from tests.support.disks import disk
from tests.support.twins import Twins, make_twins
from tests.support.worker import Worker

LONG_AFTER = 10_000 * 24 * 3600
"""Seconds from the clock of the tests until ids that are made now are older than a day."""

AnyStore = SqliteStore | MongoStore

LIMITS = a_submission().limits
LARGE = a_submission(
    files=(File("main.py", b"\x00\xff" * 250_000), File("größe", b"")),
    stdin=bytes(range(256)) * 400,
    expected_output=ExpectedOutput.of(b"o" * 100_000, EXACT),
    tests=(
        SubmittedTest(name="1", stdin=b"i" * 90_000, files=(File("a", b"1" * 30_000),)),
        SubmittedTest(name="2", stdin=b""),
        SubmittedTest(name="3", expected_output=ExpectedOutput(b"e" * 70_000)),
    ),
    checker=Checker(
        language="python",
        language_version="3.11",
        files=(File("check.py", b"#" * 80_000),),
        entrypoint="check.py",
        limits=LIMITS,
        compile_limits=LIMITS,
    ),
)


@pytest.fixture(params=["sqlite", "mongo"])
def kept(request: pytest.FixtureRequest, a_store: Callable[[str], Any]) -> AnyStore:
    store: AnyStore = a_store(request.param)
    return store


def owners(store: AnyStore) -> list[str]:
    return store.blobs.owners("", "z", 99)


def row_bytes(store: AnyStore, execution_id: str) -> int:
    if isinstance(store, MongoStore):
        return len(store.connection.objects(ProgramDocument, id=execution_id).first().submission)
    with store._database.reading() as connection:
        (size,) = connection.execute(
            "SELECT length(submission) FROM programs WHERE execution_id = ?", (execution_id,)
        ).fetchone()
    return int(size)


def test_a_large_program_is_in_a_blob_and_read_as_it_was(kept: AnyStore) -> None:
    new = accepted(LARGE)
    assert kept.executions.insert(*new)
    assert kept.executions.submission(new[0].id) == LARGE
    assert owners(kept) == [new[0].id]
    assert row_bytes(kept, new[0].id) < 200


@pytest.mark.parametrize("more", [0, 1])
def test_a_row_has_a_program_up_to_a_size(kept: AnyStore, more: int) -> None:
    empty = accepted(a_submission(args=("",)))
    assert kept.executions.insert(*empty)
    program = a_submission(args=("x" * (IN_ROW_BYTES - row_bytes(kept, empty[0].id) + more),))
    new = accepted(program)
    assert kept.executions.insert(*new)
    assert kept.executions.submission(new[0].id) == program
    assert len(owners(kept)) == more


def test_the_large_programs_of_a_batch(kept: AnyStore) -> None:
    first, second = accepted(LARGE), accepted(a_submission())
    batch = a_batch(first[0].id, second[0].id)
    assert kept.batches.put(batch, {new[0].id: new[1] for new in (first, second)})
    for execution, program, _ in (first, second):
        assert kept.executions.submission(execution.id) == program
    assert owners(kept) == [first[0].id]


def test_which_blob_has_the_program(kept: AnyStore) -> None:
    large, small = accepted(LARGE), accepted(a_submission())
    assert kept.executions.insert(*large)
    assert kept.executions.insert(*small)
    blob = kept.executions.program_blob(large[0].id)
    assert blob is not None
    assert kept.blobs.read(large[0].id, blob) is not None
    assert kept.executions.program_blob(small[0].id) is None
    assert kept.executions.program_blob("01J") is None


def test_what_a_lost_attempt_stored_is_removed_and_the_program_is_not(kept: AnyStore) -> None:
    twins = make_twins()
    ports = replace(twins.ports, store=kept, blobs=kept.blobs)
    execution = submit(ports, a_key(), LARGE)
    worker = Worker(ports)
    while worker.next_link() != PERSIST:
        worker.run_one()
    lost = kept.blobs.put(execution.id, [b"lost"])
    row = kept.executions.get(execution.id)
    assert row
    cancel(ports, row)
    worker.run_all()
    assert kept.blobs.read(execution.id, lost) is None
    assert kept.executions.submission(execution.id) == LARGE


def test_a_program_whose_blob_is_gone_or_incomplete_does_not_exist(kept: AnyStore) -> None:
    new = accepted(LARGE)
    assert kept.executions.insert(*new)
    kept.blobs.delete([new[0].id])
    assert kept.executions.submission(new[0].id) is None


def test_part_of_a_program_is_no_program(a_store: Callable[[str], Any], tmp_path: Path) -> None:
    store = a_store("sqlite")
    new = accepted(LARGE)
    assert store.executions.insert(*new)
    (file,) = (tmp_path / "blobs" / new[0].id).iterdir()
    file.write_bytes(file.read_bytes()[:-1])
    assert store.executions.submission(new[0].id) is None


def test_without_room_for_the_blob_nothing_is_accepted(tmp_path: Path) -> None:
    with disk("tmpfs", tmp_path, 1) as place:
        store = SqliteStore(tmp_path / "podline.db", timeout=TIMEOUT, blobs=place / "blobs")
        new = accepted(LARGE)
        with closing(store), pytest.raises(StoreFull):
            store.executions.insert(*new)
        assert store.executions.get(new[0].id) is None


class Killed(BaseException):
    """Raised where a SIGKILL would end the process."""


class Countdown:
    def __init__(self, calls: int) -> None:
        self.left = calls

    def pass_on(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self.left -= 1
        if self.left == 0:
            raise Killed
        return method(*args, **kwargs)


MAKES_NO_CALL = "responded"
"""It only notes that a call has ended."""


class Mortal:
    """Something whose calls are counted until one of them kills the process."""

    def __init__(self, real: object, countdown: Countdown) -> None:
        self._real = real
        self._countdown = countdown

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method: Callable[..., Any] = getattr(self._real, name)
        return method if name == MAKES_NO_CALL else partial(self._countdown.pass_on, method)


def dies_after(store: AnyStore, calls: int) -> Any:
    """Return what writes programs in this store, and dies before its next call."""
    countdown = Countdown(calls)
    programs = Programs(cast(Blobs, Mortal(store.blobs, countdown)))
    if isinstance(store, MongoStore):
        connection = cast(Connection, Mortal(store.connection, countdown))
        return (
            MongoExecutions(connection, programs),
            MongoBatches(connection, programs),
            countdown,
        )
    database = cast(Database, Mortal(store._database, countdown))
    return SqliteExecutions(database, programs), SqliteBatches(database, programs), countdown


def deaths(store: AnyStore, write: Callable[[Any, Any], object]) -> Iterator[int]:
    """Write, and die before each call in turn, until no call is left."""
    call = 0
    while True:
        call += 1
        executions, batches, countdown = dies_after(store, call)
        with suppress(Killed):
            write(executions, batches)
        if countdown.left > 0:
            return
        yield call


def a_day_later(store: AnyStore, twins: Twins) -> None:
    twins.clock.advance(LONG_AFTER)
    with changed(retention__SECONDS_UNTIL_SETTLED=0):  # the blobs have a clock of their own
        remove_orphaned_blobs(replace(twins.ports, store=store, blobs=store.blobs))


def test_a_kill_at_any_call_leaves_all_or_nothing(kept: AnyStore) -> None:
    new = accepted(LARGE)
    before_the_row = 0
    for _ in deaths(kept, lambda executions, _: executions.insert(*new)):
        before_the_row += 1
        assert kept.executions.get(new[0].id) is None
        a_day_later(kept, make_twins())
        assert owners(kept) == [], "nobody will ask for it any more"
    assert before_the_row >= 2
    assert kept.executions.submission(new[0].id) == LARGE
    a_day_later(kept, make_twins())
    assert kept.executions.submission(new[0].id) == LARGE


def test_a_repetition_completes_what_a_kill_left(kept: AnyStore) -> None:
    for call in range(1, 4):
        new = accepted(LARGE)
        executions, _, countdown = dies_after(kept, call)
        with suppress(Killed):
            executions.insert(*new)
        assert kept.executions.insert(*new) is (countdown.left <= 0)
        assert kept.executions.submission(new[0].id) == LARGE


def test_a_kill_while_a_batch_is_put_leaves_all_or_nothing(kept: AnyStore) -> None:
    new = accepted(LARGE)
    batch = a_batch(new[0].id)
    for _ in deaths(kept, lambda _, batches: batches.put(batch, {new[0].id: LARGE})):
        assert kept.batches.get(batch.id) is None
    a_day_later(kept, make_twins())
    assert kept.executions.submission(new[0].id) == LARGE, "the batch is incomplete"
    kept.executions.insert_all([(new[0], new[2])])
    kept.batches.mark_complete(batch.id)
    a_day_later(kept, make_twins())
    assert kept.executions.submission(new[0].id) == LARGE


ECHO = a_submission(stdin=b"i" * 450_000, expected_output=ExpectedOutput(b"i" * 450_000))


@pytest.fixture
def service(kept: AnyStore) -> tuple[Twins, Ports]:
    """The service on this store. Its programs print their input."""
    twins = make_twins()
    twins.runtime.script = lambda pod: Script(prints=pod.runs[0].stdin)
    return twins, replace(twins.ports, store=kept, blobs=kept.blobs)


def now(ports: Ports, execution: Execution) -> Execution:
    row = ports.store.executions.get(execution.id)
    assert row
    return row


def programs_of(ports: Ports, *ids: str) -> list[Submission | None]:
    return [ports.store.executions.submission(id) for id in ids]


def test_a_large_program_runs_and_is_judged_and_can_be_retried(
    service: tuple[Twins, Ports],
) -> None:
    _, ports = service
    first = submit(ports, a_key(), ECHO)
    Worker(ports).run_all()
    assert now(ports, first).state is State.COMPLETED
    assert now(ports, first).outcome == "success"

    second = retry(ports, now(ports, first))
    event = ports.store.executions.events(first.id)[0]
    assert resubmit(ports, replace(a_replay(), id=first.id), [event]) == [None]
    erase(ports.store.executions, ports.blobs, now(ports, first))
    others = [id for id in ports.blobs.owners("", "z", 9) if id != first.id]
    assert second.id in others
    assert programs_of(ports, first.id, *others) == [None, ECHO, ECHO]


def test_a_batch_of_large_programs_runs(service: tuple[Twins, Ports]) -> None:
    _, ports = service
    other = replace(ECHO, expected_output=ExpectedOutput(b"other"))
    found = submit_batch(ports, a_key(), [ECHO, other, a_submission()])
    Worker(ports).run_all()
    rows = [now(ports, row) for row in found.executions.values()]
    assert [row.outcome for row in rows] == ["success", "wrong_output", "success"]


def test_a_program_whose_blob_is_gone_is_a_fault_of_the_service(
    service: tuple[Twins, Ports],
) -> None:
    twins, ports = service
    row = submit(ports, a_key(), ECHO)
    ports.blobs.delete([row.id])
    for _ in range(9):
        Worker(ports).run_all()
        twins.clock.advance(60)
        sweep(ports)
    assert now(ports, row).state is State.FAILED
    assert now(ports, row).outcome is None
    assert now(ports, row).message == "the stored program no longer exists"
