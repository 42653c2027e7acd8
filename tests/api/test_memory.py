"""What a body takes of memory: few large ones at once, and nothing while an answer waits."""

import gc
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from threading import Event

import pytest

from app.api import requests, turnstile
from app.api.large_bodies import AT_ONCE, LARGE_BYTES, LargeBodies
from app.api.turnstile import Turnstile
from app.domain.records import Role
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
    def listen(self, execution_id: str) -> Iterator[MemoryListener]:
        with super().listen(execution_id) as listener:
            self.bodies = [o for o in gc.get_objects() if isinstance(o, requests.Submission)]
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
    """Bodies that are read until they are told to end."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self.end = Event()
        self.begun = 0
        self._pool = pool
        self._turnstile = Turnstile(self._read)
        self._large_bodies = LargeBodies(self._turnstile)

    def _read(self, environ: dict[str, object], _: Callable[..., object]) -> list[bytes]:
        size = environ["CONTENT_LENGTH"]
        assert size is None or isinstance(size, int)
        with self._large_bodies.turn(size):
            self.begun += 1
            self.end.wait(20)
        return []

    def begin(self, size: int | None, how_many: int = 1) -> list[Future[object]]:
        environ = {"CONTENT_LENGTH": size, "PATH_INFO": "/"}
        return [
            self._pool.submit(self._turnstile, environ, lambda *_: lambda _: None)
            for _ in range(how_many)
        ]


@pytest.mark.timeout(30)
@pytest.mark.parametrize("size", [LARGE_BYTES + 1, None])
def test_few_large_bodies_are_read_at_once_and_small_ones_pass(
    size: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turnstile, "STALL_SECONDS", 60)
    with ThreadPoolExecutor(64) as pool:
        reading = Reading(pool)
        try:
            large = reading.begin(size, 40)
            wait_until(lambda: reading.begun == AT_ONCE)
            small = reading.begin(LARGE_BYTES, 4)
            wait_until(lambda: reading.begun == AT_ONCE + 4)
        finally:
            reading.end.set()
        for future in large + small:
            future.result(20)
        assert reading.begun == 44
