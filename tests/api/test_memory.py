"""The memory that bodies take: few large ones at once, and none while a response waits."""

import gc
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from threading import Semaphore

import pytest

from app.api import large_bodies, turnstile
from app.api.large_bodies import AT_ONCE, LARGE_BYTES, LargeBodies
from app.api.submission import form
from app.api.turnstile import Turnstile
from app.domain.api_key import Role
from app.domain.execution import Event, Execution
from app.domain.submission import Submission
from app.infrastructure.memory.executions import MemoryExecutions
from app.infrastructure.memory.tables import Tables
from app.infrastructure.memory.wakeups import MemoryListener, MemoryWakeups
from app.ports import Ports
from tests.support.api_contract import PROGRAM, body, connector
from tests.support.twins import make_twins
from tests.support.waiting import wait_until
from tests.support.worker import Worker


class Looks(MemoryWakeups):
    """Looks for bodies while an answer waits, and then lets the execution end."""

    def __init__(self, ports: Ports) -> None:
        super().__init__()
        self._ports = ports
        self.bodies: list[object] | None = None

    @contextmanager
    def listen(self, subject_id: str, *, progress: bool = False) -> Iterator[MemoryListener]:
        with super().listen(subject_id, progress=progress) as listener:
            self.bodies = [o for o in gc.get_objects() if isinstance(o, form.Submission)]
            Worker(self._ports).run_all()
            yield listener


def test_an_answer_that_waits_does_not_hold_the_body() -> None:
    twins = make_twins()
    wakeups = Looks(twins.ports)
    api = connector(replace(twins.ports, wakeups=wakeups))("ada", Role.USER)

    ended = body(api.post("/api/v1/executions?wait=10", PROGRAM))

    assert ended["state"] == "completed"
    assert wakeups.bodies == []


class Reading:
    """Bodies that are read until the test releases them, one by one."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self.end = Semaphore(0)
        self.begun: list[str] = []
        self._pool = pool
        self._turnstile = Turnstile(self._read)
        self._large_bodies = LargeBodies(self._turnstile)

    def _read(self, environ: dict[str, object], _: Callable[..., object]) -> list[bytes]:
        size, owner = environ["CONTENT_LENGTH"], str(environ["OWNER"])
        assert size is None or isinstance(size, int)
        with self._large_bodies.turn(owner, size):
            self.begun.append(owner)
            self.end.acquire(timeout=60)
        return []

    def begin(self, size: int | None, owners: Iterable[str]) -> list[Future[object]]:
        """A body for each of these."""
        common = {"CONTENT_LENGTH": size, "PATH_INFO": "/"}
        return [
            self._pool.submit(
                self._turnstile, {**common, "OWNER": owner}, lambda *_: lambda _: None
            )
            for owner in owners
        ]

    def has_begun(self, how_many: int) -> bool:
        return len(self.begun) == how_many

    def waiting(self) -> int:
        return sum(map(len, self._large_bodies._waiting.values()))


@pytest.mark.timeout(120)
@pytest.mark.parametrize("size", [LARGE_BYTES + 1, None])
def test_few_large_bodies_are_read_at_once_and_small_ones_pass(
    size: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turnstile, "STALL_SECONDS", 60)
    with ThreadPoolExecutor(64) as pool:
        reading = Reading(pool)
        try:
            large = reading.begin(size, map(str, range(40)))
            wait_until(lambda: len(reading.begun) == AT_ONCE)
            small = reading.begin(LARGE_BYTES, "abcd")
            wait_until(lambda: len(reading.begun) == AT_ONCE + 4)
        finally:
            reading.end.release(100)
        for future in large + small:
            future.result(60)
        assert len(reading.begun) == 44


class CountsInserts(MemoryExecutions):
    """Each insert ends once the test lets it."""

    def __init__(self, tables: Tables) -> None:
        super().__init__(tables)
        self.begun = 0
        self.end = Semaphore(0)

    def insert(
        self,
        execution: Execution,
        submission: Submission,
        event: Event,
        *,
        durable: bool = True,
        quota: int | None = None,
    ) -> bool:
        self.begun += 1
        assert self.end.acquire(timeout=60)
        return super().insert(execution, submission, event, durable=durable, quota=quota)


@pytest.mark.timeout(120)
def test_a_large_body_is_in_work_until_it_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turnstile, "STALL_SECONDS", 60)
    twins = make_twins()
    twins.store.executions = executions = CountsInserts(twins.store.tables)
    connect = connector(twins.ports)
    owners = [connect(f"owner {number}", Role.USER) for number in range(AT_ONCE + 2)]
    sent = PROGRAM | {"stdin": "x" * LARGE_BYTES}
    with ThreadPoolExecutor(2 * len(owners)) as pool:
        try:
            large = [pool.submit(api.post, "/api/v1/executions", sent) for api in owners]
            wait_until(lambda: executions.begun == AT_ONCE)
            small = pool.submit(owners[0].post, "/api/v1/executions", PROGRAM)
            wait_until(lambda: executions.begun == AT_ONCE + 1)
        finally:
            executions.end.release(100)
    assert [body(each.result(), 202)["state"] for each in (small, *large)] == ["queued"] * 5


@pytest.mark.timeout(120)
def test_one_large_body_of_each_owner_is_read_at_a_time() -> None:
    with ThreadPoolExecutor(64) as pool:
        reading = Reading(pool)
        try:
            bodies = reading.begin(LARGE_BYTES + 1, ["ada"] * 6)
            wait_until(lambda: reading.waiting() == 5)
            assert reading.begun == ["ada"]
            bodies += reading.begin(LARGE_BYTES + 1, ["bob"])
            wait_until(lambda: reading.begun == ["ada", "bob"])
        finally:
            reading.end.release(100)
        for future in bodies:
            future.result(60)
        assert reading.waiting() == 0


@pytest.mark.timeout(120)
def test_owners_of_large_bodies_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_bodies, "AT_ONCE", 1)
    with ThreadPoolExecutor(64) as pool:
        reading = Reading(pool)
        try:
            reading.begin(LARGE_BYTES + 1, ["ada"] * 6)
            wait_until(lambda: reading.waiting() == 5)
            reading.begin(LARGE_BYTES + 1, ["bob"])
            wait_until(lambda: reading.waiting() == 6)
            for begun in 2, 3:
                reading.end.release()
                wait_until(partial(reading.has_begun, begun))
            assert reading.begun == ["ada", "ada", "bob"]
        finally:
            reading.end.release(100)
