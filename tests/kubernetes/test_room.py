"""Room follows what a scheduler has nodes for, whatever that is and however it changes."""

import random
from collections import Counter
from collections.abc import Callable
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.infrastructure.kubernetes.room import (
    ALONE_SECONDS,
    FIRST,
    HOLD_SECONDS,
    KEPT_FREE,
    PATIENCE_SECONDS,
    STALE_SECONDS,
    Room,
    Standing,
)

PLACED, REFUSED, UNDECIDED = Standing.PLACED, Standing.REFUSED, Standing.UNDECIDED
TICK = 0.25
FIRST_POD = "000000"


def some(placed: int = 0, refused: int = 0, undecided: int = 0) -> dict[str, Standing]:
    standings = [PLACED] * placed + [REFUSED] * refused + [UNDECIDED] * undecided
    return {f"{number:03}-1": standing for number, standing in enumerate(standings)}


class Cluster:
    """Admission, pods and a scheduler, in steps of a quarter of a second."""

    def __init__(self, holds: int, seconds: float = 1, first: int = 1) -> None:
        """The first pod is as large as `first` others."""
        self.room, self.holds, self.seconds = Room(), holds, seconds
        self.now, self.waiting = 1000.0, 0
        self.ended: list[float] = []
        self.refusals = 0
        self.given_back: Counter[str] = Counter()
        self._sizes = {FIRST_POD: first}
        self._numbers = count(0)
        self._queue: list[str] = []
        self._attempts: dict[str, Standing] = {}
        self._until: dict[str, float] = {}

    def submit(self, how_many: int) -> None:
        self._queue += [f"{next(self._numbers):06}" for _ in range(how_many)]

    def submit_large(self, size: int) -> str:
        """It is as large as so many others, and the next to be admitted."""
        name = f"{next(self._numbers):06}"
        self._sizes[name] = size
        self._queue.insert(0, name)
        return name

    def run(self, seconds: float, each: Callable[[], object] = lambda: None) -> None:
        until = self.now + seconds
        while self.now < until:
            self.now += TICK
            self._tick()
            each()

    @property
    def placed(self) -> int:
        return sum(standing is PLACED for standing in self._attempts.values())

    @property
    def unfinished(self) -> int:
        return len(self._queue) + len(self._attempts)

    def _size(self, name: str) -> int:
        return self._sizes.get(name, 1)

    def is_waiting(self, name: str) -> bool:
        return name in self._queue or self._attempts.get(name) in (REFUSED, UNDECIDED)

    def _tick(self) -> None:
        for name in [name for name, until in self._until.items() if until <= self.now]:
            del self._until[name], self._attempts[name]
            self.ended.append(self.now)
        for name in self.room.excess(self._attempts):
            del self._attempts[name]
            self._queue.insert(0, name)
            self.given_back[name] += 1
        while self._queue and len(self._attempts) < self.room.slots:
            self._attempts[self._queue.pop(0)] = UNDECIDED
        for name in self._attempts:
            self._schedule(name)
        self.room.see(self._attempts, self.now)

    def _schedule(self, name: str) -> None:
        standing = self._attempts[name]
        if standing is PLACED:
            return
        used = sum(self._size(each) for each in self._until)
        if used + self._size(name) <= self.holds:
            self._attempts[name] = PLACED
            self._until[name] = self.now + self.seconds
        elif standing is UNDECIDED:
            self._attempts[name] = REFUSED
            self.refusals += 1


def test_it_doubles_while_each_pod_finds_a_node() -> None:
    room = Room()
    assert room.slots == FIRST == 4
    seen = []
    for now in range(7):
        room.see(some(placed=room.slots), now)
        seen.append(room.slots)
    assert seen == [8, 16, 32, 64, 128, 256, 512]


def test_it_does_not_grow_while_some_slots_are_unused_or_undecided() -> None:
    room = Room()
    room.see(some(placed=3), 1)
    room.see(some(placed=3, undecided=1), 2)
    assert room.slots == 4


def test_it_shrinks_at_once_to_what_has_a_node() -> None:
    room = Room()
    room.see(some(placed=4), 1)
    room.see(some(placed=7, refused=1), 2)
    assert room.slots == 7
    assert room.excess(some(placed=7, refused=3)) == ["009-1", "008-1", "007-1"]
    assert room.excess(some(placed=6, refused=2)) == ["007-1"]
    assert room.excess(some(placed=8)) == []


def test_the_undecided_are_not_taken_for_placed() -> None:
    room = Room()
    room.see(some(placed=4), 1)
    room.see(some(placed=4, undecided=3, refused=1), 2)
    room.see(some(placed=6, refused=2), 3)
    assert room.slots == 6


def test_after_a_while_it_tries_one_more_patiently() -> None:
    room = Room()
    room.see(some(placed=4), 1)
    room.see(some(placed=7, refused=1), 2)
    room.see(some(placed=7), 2 + HOLD_SECONDS - 1)
    assert room.slots == 7
    room.see(some(placed=7), 2 + HOLD_SECONDS)
    assert room.slots == 8
    tried = 2 + HOLD_SECONDS
    room.see(some(placed=7, refused=1), tried + PATIENCE_SECONDS - 1)
    assert room.slots == 8, "an autoscaler may add a node for it"
    room.see(some(placed=6, refused=2), tried + PATIENCE_SECONDS)
    assert room.slots == 7, "as before, although fewer have a node at the moment"


def test_a_new_node_is_filled_quickly() -> None:
    room = Room()
    room.see(some(placed=4), 1)
    room.see(some(placed=7, refused=1), 2)
    seen = []
    for seconds in range(5):
        room.see(some(placed=room.slots), 2 + HOLD_SECONDS + seconds)
        seen.append(room.slots)
    assert seen == [8, 10, 14, 22, 38]


def test_a_refusal_among_those_that_were_held_before_may_be_old() -> None:
    room = Room()
    room.see(some(placed=4), 1)
    room.see(some(placed=7, refused=1), 2)
    room.see(some(placed=3, refused=1), 3)
    room.see(some(placed=4), 4)
    room.see(some(placed=5, refused=1), 5)
    room.see(some(placed=5, refused=1), 5 + STALE_SECONDS - 1)
    assert room.slots == 7
    room.see(some(placed=5, refused=1), 5 + STALE_SECONDS)
    assert room.slots == 5, "others use the rest now"


def test_a_refusal_is_not_as_old_as_an_earlier_one() -> None:
    """While one tries patiently for more room, others end and begin."""
    room = Room()
    room.see(some(placed=7, refused=1), 1)
    began = 1 + HOLD_SECONDS
    room.see(some(placed=7), began)
    room.see(some(placed=6, refused=1), began)
    room.see(some(placed=7, refused=1), began + 1)
    room.see(some(placed=6, refused=1), began + STALE_SECONDS)
    assert room.slots == 8


def test_when_all_nodes_are_gone_only_the_oldest_waits_for_its_deadline() -> None:
    room = Room()
    room.see(some(placed=40), 1)
    room.see(some(refused=40), 2)
    room.see(some(refused=40), 2 + ALONE_SECONDS)
    assert room.slots == 2
    assert len(room.excess(some(refused=40))) == 38
    assert "000-1" not in room.excess(some(refused=40))


def test_one_that_waits_alone_has_a_slot_of_its_own_until_it_finds_a_node() -> None:
    room = Room()
    room.see(some(refused=1), 1)
    assert room.slots == 1
    room.see(some(refused=1), 1 + ALONE_SECONDS)
    assert room.slots == 2
    room.see(some(placed=1), 2 + ALONE_SECONDS)
    assert room.slots == 2, "it grew by one"


def test_pods_started_ahead_are_room() -> None:
    room = Room()
    room.see(some(placed=4, refused=1), 1, idle=3)
    assert room.slots == 7


def test_a_watcher_that_takes_over_begins_with_what_it_finds() -> None:
    room = Room()
    room.see(some(placed=40), 1)
    assert room.slots >= 40


def test_room_is_kept_free_for_a_large_one() -> None:
    cluster = Cluster(holds=7, first=4)
    cluster.submit(1000)
    cluster.run(KEPT_FREE * STALE_SECONDS + 10)
    assert not cluster.is_waiting(FIRST_POD)
    cluster.run(HOLD_SECONDS + PATIENCE_SECONDS)
    assert cluster.placed == 7


@pytest.mark.parametrize("holds", [2, 7, 40])
def test_one_for_which_there_is_no_node_at_all_does_not_stop_the_others(holds: int) -> None:
    cluster = Cluster(holds, first=1000)
    cluster.submit(10_000)
    cluster.run((KEPT_FREE + 1) * STALE_SECONDS + HOLD_SECONDS)
    assert cluster.given_back[FIRST_POD] <= 2 * KEPT_FREE
    before = len(cluster.ended)
    cluster.run(60)
    assert cluster.is_waiting(FIRST_POD)
    assert len(cluster.ended) - before >= 0.9 * holds * 60 / (1 + TICK)


def test_it_keeps_a_few_slots_free_for_one_that_is_too_large_and_not_all() -> None:
    cluster = Cluster(holds=40)
    cluster.submit(20_000)
    cluster.run(20)
    assert cluster.placed == 40
    large = cluster.submit_large(1000)
    least = []
    cluster.run(6 * STALE_SECONDS, each=lambda: least.append(cluster.room.slots))
    assert min(least) == 40 - KEPT_FREE
    assert cluster.is_waiting(large)
    cluster.run(HOLD_SECONDS)
    assert cluster.placed == 40
    assert cluster.room.slots >= 41, "its own slot is one more"


def test_nothing_fits_and_then_a_node_comes() -> None:
    """Few pods wait in the scheduler meanwhile, but one always does, for an autoscaler."""
    cluster = Cluster(holds=0)
    cluster.submit(2000)
    cluster.run(30)
    assert 1 <= cluster.room.slots <= 8
    cluster.holds = 20
    cluster.run(15)
    assert cluster.placed == 20


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 60), st.integers(1, 400), st.sampled_from([0.25, 0.75, 2.0, 7.0]))
def test_all_end_and_the_cluster_is_used(holds: int, submitted: int, seconds: float) -> None:
    cluster = Cluster(holds, seconds)
    cluster.submit(submitted)
    at_best = submitted / holds * (seconds + TICK)
    growing = 10 * (seconds + TICK)
    cluster.run(1.2 * at_best + growing)
    assert not cluster.unfinished
    assert cluster.refusals <= 2 * holds + FIRST + at_best
    assert max(cluster.given_back.values(), default=0) <= 3


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=6), st.integers(0, 2**32))
def test_it_follows_whatever_others_leave(rooms: list[int], seed: int) -> None:
    chance = random.Random(seed)
    cluster = Cluster(rooms[0])
    for holds in rooms:
        cluster.holds = holds
        cluster.submit(chance.randrange(300))
        cluster.run(chance.randrange(40))
        assert cluster.room.slots >= 1
    cluster.holds = max(cluster.holds, 1)
    cluster.submit(2000)
    cluster.run(HOLD_SECONDS + PATIENCE_SECONDS + STALE_SECONDS + 15)
    assert cluster.placed == min(cluster.holds, cluster.unfinished)
    assert cluster.room.slots <= cluster.holds + 8
