"""Retention of a large database: how fast it is, and how long it keeps a writer waiting."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
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
from app.service.retention import remove_old
from benchmarks.measure import MILLISECONDS, p50, table, verdict
from benchmarks.population import populate
from tests.support.twins import make_twins

TITLE: Final = "Retention beside a writer"
BAR: Final = 50.0
"""Milliseconds that retention may keep a writer waiting."""
ROWS: Final = 20_000
QUIET_SECONDS: Final = 20.0
"""How long the writer is measured without retention, to know the pauses that the disk makes."""
_BETWEEN_WRITES: Final = 0.001
_PAGE: Final = 200


def run(*, quick: bool) -> str:
    with TemporaryDirectory(prefix="podline-benchmark-") as folder:
        place = Path(folder)
        rows = 500 if quick else ROWS
        _fill(place, rows)
        full = _sizes(place)
        quiet = list(_pauses(place, _for_seconds(1 if quick else QUIET_SECONDS)))
        with _retention(place) as process:
            began = time.monotonic()
            beside = list(_pauses(place, lambda: process.poll() is None))
            seconds = time.monotonic() - began
        return _answer(rows, seconds, quiet, beside, full, _sizes(place))


def _answer(
    rows: int,
    seconds: float,
    quiet: list[float],
    beside: list[float],
    full: tuple[float, ...],
    after: tuple[float, ...],
) -> str:
    pauses = [
        [name, len(times), p50(times), _share(times, 0.99), _share(times, 0.999), max(times)]
        for name, times in (("without retention", quiet), ("beside retention", beside))
    ]
    names = ("podline.db", "podline.db-wal", "events.db", "events.db-wal")
    sizes = [[name, *pair] for name, *pair in zip(names, full, after, strict=True)]
    return "\n\n".join(
        (
            f"{rows} executions with {rows * 5} events, removed in {seconds:.1f} s:"
            f" {rows / seconds:.0f} a second. A writer commits every millisecond, in another"
            " process; each commit waits for the disk.",
            table(["", "writes", "p50 (ms)", "p99", "p99.9", "longest"], pauses),
            f"The longest is to be below {BAR:.0f} ms: {verdict(max(beside), BAR)}.",
            table(["file", "full (MiB)", "after retention"], sizes),
        )
    )


def _share(times: list[float], share: float) -> float:
    return sorted(times)[int(share * (len(times) - 1))]


def _fill(place: Path, rows: int) -> None:
    populate(place / "podline.db", finished=rows, queued=0)
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


def _pauses(place: Path, goes_on: Callable[[], bool]) -> Iterator[float]:
    """Milliseconds that each write takes."""
    store, _ = _open(place)
    while goes_on():
        began = time.perf_counter()
        store.ping()
        yield (time.perf_counter() - began) * MILLISECONDS
        time.sleep(_BETWEEN_WRITES)
    store.close()


@contextmanager
def _retention(place: Path) -> Iterator["Popen[bytes]"]:
    """Another process that removes everything, tick after tick."""
    with Popen([sys.executable, "-m", __name__, place], stdin=PIPE) as process:
        yield process
    assert process.returncode == 0


def _remove_all(place: Path) -> None:
    store, log = _open(place)
    ports: Ports = replace(
        make_twins().ports,
        store=store,
        event_log=log,
        blobs=store.blobs,
        clock=_now,
        policy=Policy(retention_seconds=0.001),
    )
    while store.executions.count(ExecutionFilter(), 1):
        remove_old(ports)
    remove_old(ports)


def _now() -> Time:
    return int(time.time() * SECOND)


if __name__ == "__main__":
    _remove_all(Path(sys.argv[1]))
