"""Few requests are processed at once, and none waits for one that is stuck."""

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event, Lock
from typing import TYPE_CHECKING

import pytest

from app.api import turnstile
from app.api.turnstile import AT_ONCE, Turnstile
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PROBE = "/healthz"


class Work:
    """An application whose requests end when the test ends them."""

    def __init__(self) -> None:
        self.turnstile = Turnstile(self._work, exempt=PROBE.__eq__)
        self.proceed: dict[str, Event] = {}
        self.begun: list[str] = []
        self._lock = Lock()

    def _work(self, environ: "WSGIEnvironment", _: "StartResponse") -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        with self._lock:
            self.begun.append(path)
        if path == "/bug":
            raise LookupError
        if path == "/wait":
            with self.turnstile.waiting():
                self.proceed[path].wait(60)
        elif path != PROBE:
            self.proceed[path].wait(60)
        return [path.encode()]

    def request(self, path: str) -> Iterable[bytes]:
        return self.turnstile({"PATH_INFO": path}, lambda *_: lambda _: None)


class Crowd:
    """Requests that came one after the other."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self.work = Work()
        self._pool = pool

    def come(self, *paths: str) -> list[Future[Iterable[bytes]]]:
        futures = []
        for path in paths:
            self.work.proceed[path] = Event()
            there = self._there()
            futures.append(self._pool.submit(self.work.request, path))
            wait_until(lambda there=there: self._there() > there)  # type: ignore[misc]  # mypy can't infer its type
        return futures

    def _there(self) -> int:
        return len(self.work.begun) + len(self.work.turnstile._waiting)

    def end_all(self) -> None:
        for event in self.work.proceed.values():
            event.set()


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turnstile, "STALL_SECONDS", 20)


@pytest.fixture
def crowd() -> Iterator[Crowd]:
    with ThreadPoolExecutor(100) as pool:
        crowd = Crowd(pool)
        yield crowd
        crowd.end_all()


def paths(how_many: int) -> list[str]:
    return [f"/{number}" for number in range(how_many)]


def test_the_next_one_comes_in_when_one_has_left(crowd: Crowd) -> None:
    every = paths(AT_ONCE + 3)
    crowd.come(*every)
    assert crowd.work.begun == every[:AT_ONCE]
    crowd.work.proceed["/5"].set()
    wait_until(lambda: crowd.work.begun == every[: AT_ONCE + 1])
    crowd.work.proceed["/0"].set()
    wait_until(lambda: crowd.work.begun == every[: AT_ONCE + 2])


def test_probes_are_served_at_once(crowd: Crowd) -> None:
    crowd.come(*paths(AT_ONCE + 1))
    assert list(crowd.work.request(PROBE)) == [PROBE.encode()]


def test_who_waits_is_not_at_work(crowd: Crowd) -> None:
    crowd.come("/wait", *paths(AT_ONCE + 1))
    assert crowd.work.begun == ["/wait", *paths(AT_ONCE)]


def test_who_has_waited_queues_again(crowd: Crowd) -> None:
    (waiting,) = crowd.come("/wait")
    crowd.come(*paths(AT_ONCE))
    crowd.work.proceed["/wait"].set()
    wait_until(lambda: len(crowd.work.turnstile._waiting) == 1)
    assert not waiting.done()
    crowd.work.proceed["/0"].set()
    assert list(waiting.result(60)) == [b"/wait"]


def test_a_bug_leaves_no_place_taken(crowd: Crowd) -> None:
    for _ in range(AT_ONCE + 1):
        with pytest.raises(LookupError):
            crowd.work.request("/bug")
    crowd.come(*paths(AT_ONCE))
    assert len(crowd.work.begun) == 2 * AT_ONCE + 1


def test_everybody_is_let_in_where_nobody_leaves(
    crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All wait for the same thing, so they wait for it at the same time."""
    monkeypatch.setattr(turnstile, "STALL_SECONDS", 0.2)
    crowd.come(*paths(80))
    wait_until(lambda: len(crowd.work.begun) == 80, within=10)
    crowd.end_all()
    wait_until(lambda: crowd.work.turnstile._at_work == 0)
