"""A replay has the same result even if its worker is killed before or after any call."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random
from typing import Any, cast
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.execution import Event
from app.domain.filters import EventFilter, EventPage, ExecutionFilter
from app.domain.problems import Problems
from app.domain.replay import Replay, ReplayMode, ReplayStatus
from app.infrastructure.cloudevents import CloudEvent
from app.infrastructure.memory.event_log import MemoryEventLog
from app.ports import EventLog, Ports, Store
from app.service.replay import control
from app.service.replay.slices import work, work_due
from tests.support.constants import changed
from tests.support.event_logs import every_event
from tests.support.lives import Lives
from tests.support.twins import Twins, make_twins, wrapped

TARGETS = {
    ReplayMode.REEMIT: "again",
    ReplayMode.REBUILD: "memory://rebuilt",
    ReplayMode.RESUBMIT: None,
}
CALLS_OF_TWO_SLICES = 30


class Killed(BaseException):
    """Raised where a SIGKILL would end the process."""


@dataclass
class Fate:
    """Counts the calls of each process in turn, up to the call at which it is killed."""

    kills: list[tuple[int, bool]]
    """After how many calls, and whether the last of them still has its effect."""
    calls: int = field(default=0, init=False)

    def meet(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self.calls += 1
        if not self.kills or self.calls < self.kills[0][0]:
            return call(*args, **kwargs)
        _, has_effect = self.kills.pop(0)
        self.calls = 0
        if has_effect:
            call(*args, **kwargs)
        raise Killed


class Mortal:
    """A call may kill its caller."""

    def __init__(self, twin: object, fate: Fate) -> None:
        self._twin = twin
        self._fate = fate

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return partial(self._fate.meet, getattr(self._twin, name))


@dataclass(frozen=True)
class MortalDatabases:
    twins: Twins
    fate: Fate

    def check_target(self, url: str) -> str:
        return self.twins.databases.check_target(url)

    @contextmanager
    def open(self, url: str) -> Iterator[Store]:
        with self.twins.databases.open(url) as store:
            yield wrapped(store, partial(Mortal, fate=self.fate))


def mortal(twins: Twins, kills: list[tuple[int, bool]]) -> Ports:
    """Ports of workers that are killed; only their leases end with them."""
    fate = Fate(kills)
    return replace(
        twins.ports,
        store=wrapped(twins.store, partial(Mortal, fate=fate)),
        event_log=cast(EventLog, Mortal(twins.event_log, fate)),
        databases=MortalDatabases(twins, fate),
    )


class PartitionedLog(MemoryEventLog):
    """As with Kafka, a slice that is read again may have another mix of partitions."""

    PARTITIONS = 3

    def __init__(self, random: Random) -> None:
        super().__init__(slice_size=1_000)
        self._random = random

    def read(self, filter: EventFilter, after: str | None, limit: int) -> EventPage:
        offsets = json.loads(after) if after else [0] * self.PARTITIONS
        partitions: list[list[Event]] = [[] for _ in offsets]
        for event in super().read(EventFilter(), None, 1_000).events:
            partitions[crc32(event.execution_id.encode()) % self.PARTITIONS].append(event)
        found: list[Event] = []
        while len(found) < limit and (unread := self._unread(partitions, offsets)):
            partition = self._random.choice(unread)
            event = partitions[partition][offsets[partition]]
            offsets[partition] += 1
            found += [event] if filter.fits(event) else []
        at_end = not self._unread(partitions, offsets)
        return EventPage(events=found, position=json.dumps(offsets), at_end=at_end)

    @staticmethod
    def _unread(partitions: list[list[Event]], offsets: list[int]) -> list[int]:
        return [p for p, events in enumerate(partitions) if offsets[p] < len(events)]


def ended(twins: Twins, mode: ReplayMode, kills: list[tuple[int, bool]]) -> Replay:
    """Run a replay to its end, with a new worker after each kill."""
    replay = control.start(
        twins.ports,
        mode,
        EventFilter(since=0),
        TARGETS[mode],
        dry_run=False,
        requested_by="otto",
        problems=Problems(),
    )
    ports = mortal(twins, kills)
    while not replay.status.terminal:
        waiting = twins.pipeline.take_replay()
        twins.clock.advance(0 if waiting else 1)
        with suppress(Killed):
            if waiting:
                work(ports, waiting)
            else:
                work_due(ports)
        replay = control.get(twins.ports.store.replays, replay.id)
    return replay


def check(twins: Twins, lives: Lives, replay: Replay) -> None:
    """Check that everything was done and counted exactly once."""
    logged = every_event(twins.event_log)
    assert replay.status is ReplayStatus.COMPLETED
    assert replay.counts.matched == Counter(event.type for event in logged)
    assert replay.counts.skipped == {}
    match replay.mode:
        case ReplayMode.REEMIT:
            assert replay.counts.done == len(logged)
            check_emitted(twins.event_log.reemitted("again"), lives)
        case ReplayMode.REBUILD:
            assert replay.counts.done == len(logged)
            check_rebuilt(twins, lives)
        case ReplayMode.RESUBMIT:
            assert replay.counts.done == len(lives.rows)
            check_submitted(twins, lives)


def check_emitted(emitted: list[CloudEvent], lives: Lives) -> None:
    """Check that repeated events are identical, and that the others are in order."""
    by_id: dict[str, CloudEvent] = {}
    for event in emitted:
        assert by_id.setdefault(event["id"], event) == event
    for row in lives.rows.values():
        versions = [e["data"]["version"] for e in by_id.values() if e["subject"] == row.id]
        assert versions == list(range(1, row.version + 1))


def check_rebuilt(twins: Twins, lives: Lives) -> None:
    with twins.databases.open("memory://rebuilt") as rebuilt:
        for original in lives.rows.values():
            row = rebuilt.executions.get(original.id)
            assert row is not None
            assert (row.version, row.state) == (original.version, original.state)
            assert rebuilt.executions.events(row.id) == twins.store.executions.events(row.id)


def check_submitted(twins: Twins, lives: Lives) -> None:
    known = {row.id for row in lives.rows.values()}
    rows = twins.store.executions.page(ExecutionFilter(), None, 1_000)
    new = Counter(row.retry_of for row in rows if row.id not in known)
    assert new == Counter(known)


@pytest.mark.parametrize("mode", ReplayMode)
@pytest.mark.parametrize("has_effect", [False, pytest.param(True, marks=pytest.mark.long)])
def test_killed_once_at_any_call(mode: ReplayMode, has_effect: bool) -> None:
    for call in range(1, CALLS_OF_TWO_SLICES):
        twins = make_twins()
        lives = Lives(twins)
        with changed(replay__slices__BATCH=9):
            replay = ended(twins, mode, [(call, has_effect)])
        check(twins, lives, replay)


@given(
    st.sampled_from(ReplayMode),
    st.lists(st.tuples(st.integers(1, 25), st.booleans()), max_size=7),
    st.integers(3, 60),
    st.integers(0, 2**32),
)
def test_killed_again_and_again(
    mode: ReplayMode, kills: list[tuple[int, bool]], batch: int, seed: int
) -> None:
    twins = make_twins(event_log=PartitionedLog(Random(seed)))
    lives = Lives(twins)
    with changed(replay__slices__BATCH=batch):
        replay = ended(twins, mode, kills)
    check(twins, lives, replay)
