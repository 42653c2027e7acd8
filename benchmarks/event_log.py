"""How long an event takes from its transition into Kafka. Needs a Kafka (KAFKA)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from app.settings import Settings
from app.settings.urls import sqlite_path
from app.wiring.event_logs import make_event_log
from app.wiring.stores import make_store
from benchmarks.consuming import delays
from benchmarks.measure import p50, p95, table, verdict
from benchmarks.relaying import INTERVAL_SECONDS, profiled, relaying
from benchmarks.transitions import transitions
from tests.support.kafka_server import KafkaServer
from tests.support.waiting import wait_until

TITLE: Final = "From a transition into Kafka"
BAR: Final = 1_000.0
"""Milliseconds at p95, at the first rate."""
RATES: Final = (40, 80, 120, 160, 240, 320, 480)
"""Executions per second, tried in order until one isn't sustained."""
REACHED: Final = 0.95
"""The share of a rate that transitions must reach for the result to count."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The result for one rate."""

    wanted: int
    reached: float
    """Executions per second."""
    delays: list[float]
    """Milliseconds from each event's time until a consumer receives it."""

    @property
    def was_tried(self) -> bool:
        return self.reached >= REACHED * self.wanted

    @property
    def holds(self) -> bool:
        return self.was_tried and p95(self.delays) <= BAR


def run(*, quick: bool) -> str:
    server = KafkaServer()
    try:
        return _answer(server, RATES[:1] if quick else RATES, seconds=2 if quick else 20)
    finally:
        server.remove_topics()


def _answer(server: KafkaServer, rates: tuple[int, ...], seconds: float) -> str:
    measured = list(_until_one_does_not_hold(server, rates, seconds))
    held = [each.wanted for each in measured if each.holds]
    first, last = measured[0], measured[-1]
    rows = [
        [str(each.wanted), each.reached, len(each.delays), p50(each.delays), p95(each.delays)]
        for each in measured
    ]
    top = held[-1] if held else first.wanted
    bar = f"at most {BAR:.0f}: {verdict(p95(first.delays), BAR)}"
    if not first.was_tried:
        bar = "not meaningful: that rate was not reached"
    return "\n\n".join(
        (
            f"Rows in SQLite, one tick of the relay every {INTERVAL_SECONDS} s.",
            table(["executions/s", "reached", "events", "p50 (ms)", "p95 (ms)"], rows),
            f"At {first.wanted} executions per second, p95 is {p95(first.delays):.0f} ms ({bar}).",
            f"{_highest(held, last)} The relay's functions at {top} per second, by own time:",
            _profile(server, top, seconds),
        )
    )


def _highest(held: list[int], last: Measured) -> str:
    if not held:
        return "No rate was sustained."
    if last.holds:
        return f"The highest rate tried was sustained: {held[-1]} per second."
    why = "p95 misses the target" if last.was_tried else "transitions can't be written that fast"
    return f"The highest sustained rate is {held[-1]} per second; at {last.wanted}, {why}."


def _until_one_does_not_hold(
    server: KafkaServer, rates: tuple[int, ...], seconds: float
) -> Iterator[Measured]:
    for rate in rates:
        measured = _measure(server, rate, seconds)
        yield measured
        if not measured.holds:
            return


def _measure(server: KafkaServer, rate: int, seconds: float) -> Measured:
    with _settings(server) as settings, relaying(settings), delays(settings.event_log_url) as found:
        reached = transitions(_database(settings), rate, seconds)
        _wait_until_relayed(settings)
    return Measured(rate, reached, found)


def _profile(server: KafkaServer, rate: int, seconds: float) -> str:
    with _settings(server) as settings, profiled(settings) as rows:
        transitions(_database(settings), rate, seconds)
        _wait_until_relayed(settings)
    return table(["function", "calls", "own time (ms)", "with callees (ms)"], rows)


@contextmanager
def _settings(server: KafkaServer) -> Iterator[Settings]:
    """Settings for SQLite in a new folder, and a new topic."""
    with TemporaryDirectory(prefix="podline-benchmark-") as folder:
        url = server.url(server.new_topic())
        settings = Settings(data_dir=Path(folder), event_log_url=url)
        make_event_log(settings).ping()
        yield settings


def _database(settings: Settings) -> Path:
    path = sqlite_path(settings.database_url)
    assert path is not None, "these settings name SQLite"
    return path


def _wait_until_relayed(settings: Settings) -> None:
    store = make_store(settings)
    wait_until(lambda: store.events_to_relay.waiting(1) == [], within=120)
