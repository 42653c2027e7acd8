"""Retention of a large database: how fast it is, and how long it keeps a writer waiting."""

import json
import select
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from subprocess import PIPE, Popen
from tempfile import TemporaryDirectory
from typing import Final

from app.domain.execution import SECOND, Time
from app.domain.filters import ExecutionFilter
from app.domain.policy import Policy
from app.infrastructure.sqlite.event_log import SqliteEventLog
from app.infrastructure.sqlite.store import SqliteStore
from app.ports import Ports
from app.service.retention import BUSY_SECONDS, remove_old
from benchmarks.locks import Hold, timed_locks
from benchmarks.measure import p50, table, verdict
from benchmarks.population import populate
from tests.support.twins import make_twins

TITLE: Final = "Retention beside a writer"
BAR: Final = 50.0
"""Milliseconds that retention may keep a writer waiting."""
ROWS: Final = 20_000
LARGE: Final = 300
"""Further executions, with programs and results of about the size that a row can have."""
_BETWEEN_WRITES: Final = 0.001
_PAGE: Final = 200
_HOLDS: Final = "holds.json"
_MORE: Final = "more"
_SHARES: Final = ("count", "p50", "p99", "p99.9", "longest")


def run(*, quick: bool) -> str:
    with TemporaryDirectory(prefix="podline-benchmark-") as folder:
        place = Path(folder)
        rows, large = (500, 10) if quick else (ROWS, LARGE)
        _fill(place, rows, large)
        full = _sizes(place)
        with _retention(place) as retention, timed_locks() as writes:
            turns = _turns(place, retention, writes)
        holds = [Hold(*each) for each in json.loads((place / _HOLDS).read_text())]
        return _answer(rows + large, large, turns, holds, full, _sizes(place))


@dataclass(slots=True)
class _Turns:
    """What the writer's writes took: without retention, and beside one tick of it, by turns."""

    quiet: list[list[Hold]] = field(default_factory=list)
    beside: list[list[Hold]] = field(default_factory=list)
    seconds: float = 0
    """Of all ticks."""


def _turns(place: Path, retention: "Popen[str]", writes: list[Hold]) -> _Turns:
    assert retention.stdin
    assert retention.stdout
    store, _ = _open(place)
    turns, replied = _Turns(), partial(select.select, [retention.stdout], [], [], 0)
    retention.stdout.readline()
    more = True
    while more:
        began = time.monotonic()
        retention.stdin.write("tick\n")
        retention.stdin.flush()
        turns.beside.append(_written(store, writes, lambda: not replied()[0]))
        more = retention.stdout.readline().strip() == _MORE
        took = time.monotonic() - began
        turns.seconds += took
        turns.quiet.append(_written(store, writes, _for_seconds(took)))
    store.close()
    return turns


def _answer(
    rows: int,
    large: int,
    turns: _Turns,
    holds: Sequence[Hold],
    full: tuple[float, ...],
    after: tuple[float, ...],
) -> str:
    names = ("podline.db", "podline.db-wal", "events.db", "events.db-wal")
    sizes = [[name, *pair] for name, *pair in zip(names, full, after, strict=True)]
    longest = max(hold.active for hold in holds)
    return "\n\n".join(
        (
            f"{rows} executions with {rows * 5} events, {large} of them large, removed in"
            f" {turns.seconds:.1f} s, in {len(turns.beside)} ticks: {rows / turns.seconds:.0f} a"
            " second. A writer in another process commits every millisecond, and each commit waits"
            " for the disk; after each tick, it writes alone for as long as the tick took.",
            "Milliseconds for which retention holds the write lock of a database:",
            table(["", *_SHARES], _rows_of_retention(holds)),
            "The longest, without the time that it waits for a core, is to be below"
            f" {BAR:.0f} ms: {verdict(longest, BAR)}.",
            "Milliseconds of the writer, as medians of the ticks and of the times between them:",
            table(["", *_SHARES], _rows_of_writer(turns)),
            table(["file", "full (MiB)", "after retention"], sizes),
        )
    )


def _rows_of_retention(holds: Sequence[Hold]) -> list[list[object]]:
    times = {
        "held": [hold.held for hold in holds],
        "waiting for a core": [hold.core for hold in holds],
        "the rest: CPU and disk": [hold.active for hold in holds],
        "its CPU time": [hold.cpu for hold in holds],
    }
    return [[name, len(each), *_shares(each)] for name, each in times.items()]


def _rows_of_writer(turns: _Turns) -> list[list[object]]:
    return [
        _medians("waits for the lock, alone", turns.quiet, _waited),
        _medians("waits for the lock, beside retention", turns.beside, _waited),
        _medians("the whole write, alone", turns.quiet, _whole),
        _medians("the whole write, beside retention", turns.beside, _whole),
    ]


def _waited(write: Hold) -> float:
    return write.waited


def _whole(write: Hold) -> float:
    return write.waited + write.held


def _medians(
    name: str, turns: Sequence[Sequence[Hold]], of: Callable[[Hold], float]
) -> list[object]:
    shares = [_shares([of(each) for each in turn]) for turn in turns]
    return [name, sum(map(len, turns)), *map(p50, zip(*shares, strict=True))]


def _shares(times: Sequence[float]) -> list[float]:
    return [p50(times), *(_share(times, share) for share in (0.99, 0.999)), max(times)]


def _share(times: Sequence[float], share: float) -> float:
    return sorted(times)[int(share * (len(times) - 1))]


def _fill(place: Path, rows: int, large: int) -> None:
    populate(place / "podline.db", finished=rows, queued=0, large=large)
    store, log = _open(place)
    last: str | None = None
    while page := store.executions.page(ExecutionFilter(), last, _PAGE):
        last = page[-1].id
        log.append([event for row in page for event in store.executions.events(row.id)])
    store.close()
    log.close()


def _open(place: Path) -> tuple[SqliteStore, SqliteEventLog]:
    store = SqliteStore(place / "podline.db", timeout=5)
    return store, SqliteEventLog(place / "events.db", timeout=5)


def _sizes(place: Path) -> tuple[float, ...]:
    """MiB of the files and their logs, while they are open."""
    store, log = _open(place)
    store.ping()
    log.ping()
    names = ("podline.db", "podline.db-wal", "events.db", "events.db-wal")
    sizes = tuple((place / name).stat().st_size / 2**20 for name in names)
    store.close()
    log.close()
    return sizes


def _for_seconds(seconds: float) -> Callable[[], bool]:
    until = time.monotonic() + seconds
    return lambda: time.monotonic() < until


def _written(store: SqliteStore, writes: list[Hold], goes_on: Callable[[], bool]) -> list[Hold]:
    """What each write took. One is made at least."""
    writes.clear()
    while True:
        store.ping()
        time.sleep(_BETWEEN_WRITES)
        if not goes_on():
            return list(writes)


@contextmanager
def _retention(place: Path) -> Iterator["Popen[str]"]:
    """Another process. It writes a line when it is ready, and then makes a tick for each line that
    it reads, and says whether anything is left.
    """
    with Popen(
        [sys.executable, "-m", __name__, place], stdin=PIPE, stdout=PIPE, text=True
    ) as process:
        yield process
    assert process.returncode == 0


def _make_ticks(place: Path) -> None:
    store, log = _open(place)
    ports: Ports = replace(
        make_twins().ports,
        store=store,
        event_log=log,
        blobs=store.blobs,
        clock=_now,
        policy=Policy(retention_seconds=0.001),
    )
    with timed_locks() as holds:
        print(flush=True)
        for _ in sys.stdin:
            began = time.monotonic()
            remove_old(ports)
            used_up = time.monotonic() - began >= BUSY_SECONDS
            print(_MORE if used_up else "", flush=True)
    (place / _HOLDS).write_text(json.dumps(holds))


def _now() -> Time:
    return int(time.time() * SECOND)


if __name__ == "__main__":
    _make_ticks(Path(sys.argv[1]))
