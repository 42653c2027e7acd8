"""What every admission queue does; and that the Lua script does what a plain sort does."""

from collections import Counter
from typing import ClassVar

import pytest
import redis
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from app.domain.execution import SECOND, Time
from app.domain.submission import Priority
from app.infrastructure.memory.admission import MemoryAdmissionQueue
from app.infrastructure.redis.admission import RedisAdmissionQueue
from app.ports import AdmissionQueue, Caps, QueueEntry
from tests.builders import NOW

AGEING = 60
ROOM = Caps(total=1_000, per_owner=1_000)


@pytest.fixture(params=["memory", "redis"])
def queue(request: pytest.FixtureRequest) -> AdmissionQueue:
    """An empty queue that is ready."""
    queue: AdmissionQueue = (
        MemoryAdmissionQueue(AGEING)
        if request.param == "memory"
        else RedisAdmissionQueue(request.getfixturevalue("redis_client"), AGEING)
    )
    queue.mark_ready()
    return queue


def entry(
    id: str,
    *,
    owner: str = "ada",
    priority: Priority = Priority.NORMAL,
    after: float = 0,
) -> QueueEntry:
    """An entry that was created so many seconds after NOW."""
    return QueueEntry(id, owner, priority, NOW + int(after * SECOND))


def take(queue: AdmissionQueue, caps: Caps = ROOM, limit: int = 1_000) -> list[str]:
    return queue.take(caps, NOW, limit)


class TestOrder:
    def test_first_come_first_served_within_a_band(self, queue: AdmissionQueue) -> None:
        queue.enter([entry("second", owner="bob", after=0.000_001), entry("first")])
        queue.enter([entry("third", after=0.000_002)])
        assert take(queue) == ["first", "second", "third"]

    def test_the_more_urgent_band_goes_first(self, queue: AdmissionQueue) -> None:
        queue.enter([entry(p, priority=p, after=-p.band) for p in reversed(Priority)])
        assert take(queue) == list(Priority)

    @pytest.mark.parametrize("bands", [1, 2, 3, 4])
    def test_waiting_beats_a_higher_band_after_ageing_seconds_for_each_band(
        self, queue: AdmissionQueue, bands: int
    ) -> None:
        queue.enter(
            [
                entry("waits", priority=list(Priority)[bands]),
                entry("just in time", priority=Priority.CRITICAL, after=bands * AGEING - 0.001),
                entry("too late", priority=Priority.CRITICAL, after=bands * AGEING + 0.001),
            ]
        )
        assert take(queue) == ["just in time", "waits", "too late"]

    def test_position_counts_all_owners(self, queue: AdmissionQueue) -> None:
        queue.enter([entry("b", owner="bob", after=1), entry("a"), entry("c", after=2)])
        assert [queue.position(id) for id in ("a", "b", "c", "nobody")] == [1, 2, 3, None]
        assert queue.length() == 3

    def test_limit_bounds_one_take(self, queue: AdmissionQueue) -> None:
        queue.enter([entry("a"), entry("b", after=1), entry("c", after=2)])
        assert [take(queue, limit=2), take(queue, limit=2)] == [["a", "b"], ["c"]]


class TestCaps:
    def test_the_cap_for_all(self, queue: AdmissionQueue) -> None:
        queue.enter([entry(str(n), owner=f"owner {n}", after=n) for n in range(5)])
        assert take(queue, Caps(total=3, per_owner=3)) == ["0", "1", "2"]
        assert take(queue, Caps(total=3, per_owner=3)) == []

    def test_a_capped_owner_waits_and_the_others_go_on(self, queue: AdmissionQueue) -> None:
        queue.enter([entry(f"ada {n}", after=n) for n in range(5)])
        queue.enter([entry("bob", owner="bob", priority=Priority.BACKGROUND, after=9)])
        assert take(queue, Caps(total=10, per_owner=2)) == ["ada 0", "ada 1", "bob"]

    def test_a_slot_given_back_goes_to_the_best_of_the_owner(self, queue: AdmissionQueue) -> None:
        caps = Caps(total=10, per_owner=1)
        queue.enter([entry("a"), entry("b", after=1), entry("c", after=2)])
        assert take(queue, caps) == ["a"]
        queue.enter([entry("urgent", priority=Priority.CRITICAL, after=3)])
        queue.leave("a")
        assert take(queue, caps) == ["urgent"]

    def test_a_raised_cap_counts_at_once(self, queue: AdmissionQueue) -> None:
        queue.enter([entry(str(n), after=n) for n in range(4)])
        assert take(queue, Caps(total=10, per_owner=1)) == ["0"]
        assert take(queue, Caps(total=10, per_owner=3)) == ["1", "2"]

    def test_a_lowered_cap_takes_nothing_away(self, queue: AdmissionQueue) -> None:
        queue.enter([entry(str(n), after=n) for n in range(4)])
        assert take(queue, Caps(total=10, per_owner=3)) == ["0", "1", "2"]
        lower = Caps(total=10, per_owner=1)
        for freed, taken in [("0", []), ("1", []), ("2", ["3"])]:
            queue.leave(freed)
            assert take(queue, lower) == taken

    def test_what_is_held_counts(self, queue: AdmissionQueue) -> None:
        caps = Caps(total=10, per_owner=2)
        queue.enter([entry(str(n), after=n) for n in range(4)])
        assert take(queue, caps, limit=1) == ["0"]
        queue.hold(entry("1", after=1), NOW)
        assert take(queue, caps) == []
        queue.leave("0")
        assert take(queue, caps) == ["2"]

    def test_no_slots_at_all(self, queue: AdmissionQueue) -> None:
        queue.enter([entry("a")])
        assert take(queue, Caps(total=0, per_owner=1)) == []
        assert take(queue, Caps(total=1, per_owner=0)) == []


class TestDuplicates:
    def test_entering_twice_changes_nothing(self, queue: AdmissionQueue) -> None:
        queue.enter([entry("a", after=5), entry("a"), entry("b", after=1)])
        queue.enter([entry("a")])
        assert queue.length() == 2
        assert take(queue) == ["b", "a"]

    def test_who_holds_a_slot_is_not_queued_again(self, queue: AdmissionQueue) -> None:
        queue.enter([entry("a")])
        take(queue)
        queue.enter([entry("a")])
        assert (queue.length(), queue.slots_used()) == (0, 1)

    def test_leaving_twice_gives_one_slot_back(self, queue: AdmissionQueue) -> None:
        caps = Caps(total=2, per_owner=2)
        queue.enter([entry(str(n), after=n) for n in range(5)])
        take(queue, caps)
        queue.leave("0")
        queue.leave("0")
        assert take(queue, caps) == ["2"]

    def test_holding_twice_is_one_slot_of_the_first_time(self, queue: AdmissionQueue) -> None:
        queue.hold(entry("a"), NOW)
        queue.hold(entry("a"), NOW + SECOND)
        assert queue.slots_used() == 1
        assert queue.slots(NOW + 1, 10) == ["a"]

    def test_who_is_held_leaves_the_queue(self, queue: AdmissionQueue) -> None:
        queue.enter([entry("a"), entry("b", after=1)])
        queue.hold(entry("a"), NOW)
        assert (queue.length(), queue.slots_used()) == (1, 1)
        assert take(queue) == ["b"]


class TestSlots:
    def test_old_ones_are_listed_oldest_first(self, queue: AdmissionQueue) -> None:
        for n in (3, 1, 2):
            queue.hold(entry(f"slot {n}"), NOW + n)
        assert queue.slots(NOW + 3, 10) == ["slot 1", "slot 2"]
        assert queue.slots(NOW + 3, 1) == ["slot 1"]

    def test_contains_what_is_queued_and_what_holds_a_slot(self, queue: AdmissionQueue) -> None:
        queue.enter([entry("queued"), entry("left")])
        queue.hold(entry("held"), NOW)
        queue.leave("left")
        assert queue.contains(["queued", "held", "left", "nobody"]) == [True, True, False, False]
        assert queue.contains([]) == []


class TestLoss:
    def test_nothing_is_taken_before_the_queue_is_ready(self, queue: AdmissionQueue) -> None:
        queue.clear()
        queue.enter([entry("a")])
        assert not queue.ready()
        assert take(queue) == []
        queue.mark_ready()
        assert take(queue) == ["a"]

    def test_clear_forgets_all(self, queue: AdmissionQueue) -> None:
        caps = Caps(total=3, per_owner=1)
        queue.enter([entry(f"{owner} {n}", owner=owner) for owner in "abc" for n in range(3)])
        take(queue, caps, limit=2)
        queue.clear()
        assert (queue.ready(), queue.length(), queue.slots_used()) == (False, 0, 0)
        queue.mark_ready()
        assert take(queue) == []

    def test_clear_leaves_no_key_behind(self, redis_client: redis.Redis) -> None:
        queue = RedisAdmissionQueue(redis_client)
        queue.enter([entry(f"{owner} {n}", owner=owner) for owner in "abc" for n in range(3)])
        queue.mark_ready()
        take(queue, Caps(total=2, per_owner=1))
        queue.clear()
        assert redis_client.keys("*") == []

    def test_a_flushed_redis_is_not_ready(self, redis_client: redis.Redis) -> None:
        queue = RedisAdmissionQueue(redis_client)
        queue.enter([entry("a")])
        queue.mark_ready()
        redis_client.flushall()
        assert not queue.ready()
        queue.enter([entry("b")])
        assert take(queue) == []

    def test_thousands_enter_at_once(self, queue: AdmissionQueue) -> None:
        queue.enter([entry(f"{n:05}", owner=f"owner {n % 7}", after=n) for n in range(2_345)])
        assert queue.length() == 2_345
        assert take(queue, limit=3) == ["00000", "00001", "00002"]


class TestCost:
    """In commands that Redis runs, which no other load on the machine can change."""

    CAPS = Caps(total=1_000, per_owner=2)

    def cost(self, client: redis.Redis, crowd: list[QueueEntry]) -> int:
        """Of entering, taking and leaving, beside others that wait or are at their cap."""
        client.flushall()
        queue = RedisAdmissionQueue(client)
        queue.mark_ready()
        queue.enter(crowd)
        take(queue, self.CAPS)
        queue.enter(crowd)
        client.config_resetstat()
        queue.enter([entry("newcomer", owner="newcomer")])
        assert take(queue, self.CAPS) == ["newcomer"]
        queue.leave("newcomer")
        stats = client.info("commandstats")
        return sum(command["calls"] for command in stats.values())

    def test_it_is_the_same_however_many_wait(self, redis_client: redis.Redis) -> None:
        empty = self.cost(redis_client, [])
        one_capped_owner = [entry(str(n)) for n in range(2_000)]
        many_capped_owners = [entry(str(n), owner=f"owner {n % 50}") for n in range(2_000)]
        assert self.cost(redis_client, one_capped_owner) == empty
        assert self.cost(redis_client, many_capped_owners) == empty

    def test_nothing_stays_of_those_who_left(self, redis_client: redis.Redis) -> None:
        queue = RedisAdmissionQueue(redis_client)
        queue.mark_ready()
        queue.enter([entry(f"{owner} {n}", owner=owner) for owner in "abc" for n in range(3)])
        for id in take(queue, self.CAPS) + take(queue):
            queue.leave(id)
        assert set(redis_client.keys("*")) == {"podline:ready", "podline:cap"}


PRIORITIES = st.sampled_from(Priority)
NUMBERS = st.integers(0, 11)
SECONDS = st.sampled_from([0, 1, 59, 60, 61, 120, 240, 300])


class SameAsSort(RuleBasedStateMachine):
    """Does everything to both queues, and wants the same answers of both."""

    client: ClassVar[redis.Redis]

    def __init__(self) -> None:
        super().__init__()
        self.client.flushall()
        self.lua = RedisAdmissionQueue(self.client, AGEING)
        self.sort = MemoryAdmissionQueue(AGEING)
        self.both: tuple[AdmissionQueue, AdmissionQueue] = (self.lua, self.sort)
        self.held: set[str] = set()
        self.now: Time = NOW
        self.caps = Caps(total=8, per_owner=2)
        self.mark_ready()

    @rule(drawn=st.lists(st.tuples(NUMBERS, PRIORITIES, SECONDS), max_size=6))
    def enter(self, drawn: list[tuple[int, Priority, int]]) -> None:
        entries = [_entry(*facts) for facts in drawn]
        for queue in self.both:
            queue.enter(entries)

    @rule(total=st.integers(0, 8), per_owner=st.integers(0, 4))
    def change_settings(self, total: int, per_owner: int) -> None:
        self.caps = Caps(total, per_owner)

    @rule(limit=st.integers(1, 4))
    def take(self, limit: int) -> None:
        self.now += 1
        taken, expected = [queue.take(self.caps, self.now, limit) for queue in self.both]
        assert taken == expected
        self.held.update(taken)
        if taken:
            owners = Counter(_owner(id) for id in self.held)
            assert len(self.held) <= self.caps.total
            assert all(owners[_owner(id)] <= self.caps.per_owner for id in taken)
            assert self.sort.ready()

    @rule(number=NUMBERS)
    def leave(self, number: int) -> None:
        self.held.discard(_id(number))
        for queue in self.both:
            queue.leave(_id(number))

    @rule(number=NUMBERS, priority=PRIORITIES, seconds=SECONDS)
    def hold(self, number: int, priority: Priority, seconds: int) -> None:
        self.now += 1
        self.held.add(_id(number))
        for queue in self.both:
            queue.hold(_entry(number, priority, seconds), self.now)

    @precondition(lambda self: not self.sort.ready())
    @rule()
    def mark_ready(self) -> None:
        for queue in self.both:
            queue.mark_ready()

    @precondition(lambda self: self.sort.length() + self.sort.slots_used() > 6)
    @rule()
    def clear(self) -> None:
        self.held.clear()
        for queue in self.both:
            queue.clear()

    @invariant()
    def sizes_are_the_same(self) -> None:
        lua, sort = [(q.ready(), q.length(), q.slots_used()) for q in self.both]
        assert lua == sort

    @rule()
    def look(self) -> None:
        lua, sort = [
            (q.slots(self.now, 20), q.contains(IDS), [q.position(id) for id in IDS])
            for q in self.both
        ]
        assert lua == sort


def _id(number: int) -> str:
    return f"execution {number:02}"


def _owner(id: str) -> str:
    return f"owner {int(id[-2:]) % 3}"


def _entry(number: int, priority: Priority, seconds: int) -> QueueEntry:
    id = _id(number)
    return entry(id, owner=_owner(id), priority=priority, after=seconds)


IDS = [_id(number) for number in range(12)]


def test_the_script_does_what_a_sort_does(redis_client: redis.Redis) -> None:
    SameAsSort.client = redis_client
    run_state_machine_as_test(
        SameAsSort,
        settings=settings(max_examples=50, stateful_step_count=40, deadline=None),
    )
