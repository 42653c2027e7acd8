"""The order in every admission queue, checked against a second implementation of the rule."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
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
from app.domain.hosts import Group
from app.domain.submission import Priority
from app.infrastructure.memory.admission import MemoryAdmissionQueue
from app.infrastructure.redis.admission import RedisAdmissionQueue
from app.ports import AdmissionQueue, Caps, QueueEntry
from sandbox.languages.versions import standing_for
from tests.contracts.queued import AGEING, at, entry, take
from tests.support.builders import NOW


class TestTurns:
    @pytest.mark.parametrize("slots", [1, 2, 5])
    def test_one_program_waits_for_one_slot_however_many_were_queued_before_it(
        self, queue: AdmissionQueue, slots: int
    ) -> None:
        caps = Caps(total=slots, per_owner=slots)
        queue.enter([entry(f"ada {n:02}", after=n / 10) for n in range(60)])
        running = take(queue, caps, after=6)
        assert running == [f"ada {n:02}" for n in range(slots)]
        queue.enter([entry("bob", owner="bob", after=9)])
        queue.leave(running[0], at(10))
        assert take(queue, caps, after=10) == ["bob"]

    @pytest.mark.parametrize("per_owner", [1, 2])
    def test_so_it_is_beside_several_owners_who_queued_much(
        self, queue: AdmissionQueue, per_owner: int
    ) -> None:
        caps = Caps(total=2, per_owner=per_owner)
        crowd = [entry(f"{owner} {n}", owner=owner, after=n) for n in range(30) for owner in "abcd"]
        queue.enter(crowd)
        assert take(queue, caps, after=30) == ["a 0", "b 0"]
        queue.enter([entry("late", owner="late", after=31)])
        queue.leave("a 0", at(32))
        assert take(queue, caps, after=32) == ["c 0"]
        queue.leave("c 0", at(33))
        assert take(queue, caps, after=33) == ["d 0"]
        # These had waited longer than it, and held nothing. Now everyone else has had a turn.
        queue.leave("b 0", at(34))
        assert take(queue, caps, after=34) == ["late"]

    def test_a_backlog_does_not_age(self, queue: AdmissionQueue) -> None:
        """However long ago it was queued: it waits for its owner's next turn."""
        one_slot = Caps(total=1, per_owner=1)
        queue.enter([entry(f"ada {n}", after=n) for n in range(9)])
        hour = 3600
        assert take(queue, one_slot, after=hour) == ["ada 0"]
        queue.enter([entry("bob", owner="bob", after=hour + 1)])
        queue.leave("ada 0", at(hour + 10 * AGEING))
        assert take(queue, one_slot, after=hour + 10 * AGEING) == ["bob"]

    def test_owners_take_turns_however_few_slots_there_are(self, queue: AdmissionQueue) -> None:
        one_slot = Caps(total=1, per_owner=1)
        queue.enter([entry(f"{owner} {n}", owner=owner) for owner in "abc" for n in range(2)])
        turns = []
        for second in range(6):
            (id,) = take(queue, one_slot, after=second)
            queue.leave(id, at(second + 0.5))
            turns.append(id)
        assert turns == ["a 0", "b 0", "c 0", "a 1", "b 1", "c 1"]

    def test_who_holds_fewer_slots_is_next(self, queue: AdmissionQueue) -> None:
        queue.enter([entry(f"a {n}", owner="a", after=n) for n in range(9)])
        queue.enter([entry(f"b {n}", owner="b", after=20 + n) for n in range(9)])
        queue.enter([entry("c 0", owner="c", after=40)])
        assert take(queue, limit=6, after=50) == ["a 0", "b 0", "c 0", "a 1", "b 1", "a 2"]

    def test_between_equals_it_is_the_one_whose_last_turn_is_longer_ago(
        self, queue: AdmissionQueue
    ) -> None:
        queue.enter([entry(f"b {n}", owner="b", after=-1) for n in range(2)])
        assert take(queue, limit=1, after=0) == ["b 0"]
        queue.enter([entry(f"a {n}", owner="a", after=-5) for n in range(2)])
        assert take(queue, limit=1, after=1) == ["a 0"]
        assert take(queue, limit=1, after=2) == ["b 1"]

    def test_the_more_urgent_band_goes_before_turns(self, queue: AdmissionQueue) -> None:
        queue.enter([entry(f"a {n}", owner="a", priority=Priority.HIGH) for n in range(3)])
        queue.enter([entry("b", owner="b", after=-1)])
        assert take(queue, limit=4) == ["a 0", "a 1", "a 2", "b"]

    def test_an_idle_slot_is_withheld_from_nobody(self, queue: AdmissionQueue) -> None:
        queue.enter([entry(f"ada {n}", priority=Priority.BACKGROUND, after=n) for n in range(4)])
        assert len(take(queue, Caps(total=4, per_owner=4), after=10)) == 4

    def test_the_position_counts_a_turn_of_each_owner(self, queue: AdmissionQueue) -> None:
        queue.enter([entry(f"ada {n:02}") for n in range(60)])
        queue.enter([entry("bob", owner="bob", after=1)])
        ids = ["ada 00", "ada 01", "ada 59", "bob"]
        assert [queue.queue_position(id) for id in ids] == [1, 2, 60, 2]

    def test_names_of_owners_may_have_any_characters(self, queue: AdmissionQueue) -> None:
        names = ["", ":", "0:", "2:ada", "ü\n\0", "ada:2", " "]
        queue.enter([entry(f"{i}", owner=name, after=i) for i, name in enumerate(names)])
        for number in range(len(names)):
            (id,) = take(queue, Caps(total=1, per_owner=1))
            assert id == f"{number}"
            queue.leave(id, NOW)
        assert (queue.length(), queue.slots_used()) == (0, 0)


class TestAgeing:
    @pytest.mark.parametrize("bands", [1, 2, 3, 4])
    def test_a_band_is_won_for_each_ageing_seconds_waited(
        self, queue: AdmissionQueue, bands: int
    ) -> None:
        ripe = bands * AGEING
        queue.enter([entry("waits", priority=list(Priority)[bands], owner="bob")])
        queue.hold(entry("bob holds", owner="bob"), NOW)
        queue.enter([entry("1", priority=Priority.CRITICAL, after=ripe - 1)])
        assert take(queue, limit=1, after=ripe - 0.000_001) == ["1"]
        # Now in the same band as what is new: owners take turns.
        queue.leave("1", at(ripe))
        queue.enter([entry("2", priority=Priority.CRITICAL, after=ripe)])
        assert take(queue, limit=1, after=ripe) == ["2"]
        queue.leave("2", at(ripe))
        queue.enter([entry("3", priority=Priority.CRITICAL, after=ripe + AGEING)])
        assert take(queue, limit=1, after=ripe + AGEING) == ["waits"]

    def test_nobody_starves_behind_an_endless_stream(self, queue: AdmissionQueue) -> None:
        one_slot = Caps(total=1, per_owner=1)
        queue.enter([entry(f"b {n}", priority=Priority.BACKGROUND, owner="bob") for n in range(9)])
        taken = []
        for second in range(0, 21 * AGEING, 10):
            urgent = entry(f"{second}", priority=Priority.CRITICAL, after=second, owner=f"{second}")
            queue.enter([urgent])
            (id,) = take(queue, one_slot, after=second)
            queue.leave(id, at(second + 5))
            taken.append(id)
        # A turn in about four times the ageing: then it is as urgent as what is new.
        assert [id for id in taken if id.startswith("b ")] == [f"b {n}" for n in range(5)]

    def test_nor_behind_more_urgent_work_of_one_s_own(self, queue: AdmissionQueue) -> None:
        one_slot = Caps(total=1, per_owner=1)
        queue.enter([entry("waits", priority=Priority.LOW)])
        queue.enter([entry(f"{n:03}", after=-1) for n in range(100)])
        for second in range(0, 3 * AGEING, 10):
            (id,) = take(queue, one_slot, after=second)
            queue.leave(id, at(second + 5))
            if id == "waits":
                return
        pytest.fail("it was never taken")

    def test_less_than_a_microsecond_of_ageing_counts_as_one(
        self, redis_client: redis.Redis
    ) -> None:
        for queue in (MemoryAdmissionQueue(1e-9), RedisAdmissionQueue(redis_client, 1e-9)):
            queue.mark_ready()
            queue.enter([entry("a")])
            assert take(queue, after=1) == ["a"]


class TestClockSteps:
    def test_what_comes_from_the_future_has_waited_for_no_time(self, queue: AdmissionQueue) -> None:
        queue.enter([entry("future", after=30), entry("present", owner="bob", after=-1)])
        queue.enter([entry("urgent", owner="cyd", priority=Priority.HIGH)])
        queue.enter([entry("low", owner="dan", priority=Priority.LOW, after=-2)])
        assert take(queue) == ["urgent", "present", "future", "low"]

    def test_after_a_clock_was_set_back_what_was_queued_keeps_its_turn(
        self, queue: AdmissionQueue
    ) -> None:
        day = 24 * 3600
        queue.enter([entry(f"of tomorrow {n}", after=day + n) for n in range(2)])
        assert take(queue, limit=1, after=-1) == ["of tomorrow 0"]
        queue.enter([entry("newer", after=1)])
        assert take(queue, limit=1, after=2) == ["of tomorrow 1"]

    def test_an_owner_who_took_a_slot_before_the_clock_was_set_back_is_not_forgotten(
        self, queue: AdmissionQueue
    ) -> None:
        one_slot = Caps(total=1, per_owner=1)
        day = 24 * 3600
        queue.enter([entry("ada 0"), entry("ada 1")])
        assert take(queue, one_slot, after=day) == ["ada 0"]
        queue.leave("ada 0", at(day))
        assert take(queue, one_slot, after=0.5) == ["ada 1"]
        queue.leave("ada 1", at(1))
        queue.enter([entry("ada 2"), entry("ada 3")])
        assert take(queue, one_slot, after=day) == ["ada 2"]
        queue.leave("ada 2", at(day))
        assert take(queue, Caps(total=0, per_owner=1), after=1) == []
        queue.enter([entry(f"bob {n}", owner="bob", after=2 + n) for n in range(9)])
        assert take(queue, one_slot, after=3) == ["ada 3"]

    def test_set_forward_and_back_takes_all_once(self, queue: AdmissionQueue) -> None:
        queue.enter([entry(f"{n}", owner=f"{n % 3}", after=n) for n in range(9)])
        taken = [id for when in (10**8, -(10**8), 0) for id in take(queue, limit=3, after=when)]
        assert sorted(taken) == [f"{n}" for n in range(9)]


Lane = tuple[str, Priority]


def lane_of(entry: QueueEntry) -> Lane:
    return entry.owner, entry.priority


def group_with_room(
    needed: str, slots: Collection[str], of_slots: Mapping[str, str | None], caps: Caps
) -> str | None:
    """The name of the group whose slot an entry with these needs would get; "" for one of all."""
    if not caps.groups:
        return "" if len(slots) < caps.total else None
    held = Counter(of_slots[id] for id in slots)
    strays = sum(count for name, count in held.items() if name not in {g.name for g in caps.groups})
    # "The very versions, if there are any; otherwise those with versions that stand for them."
    taking = [group for group in caps.groups if group.slots]
    exactly = [group for group in taking if group.languages.issuperset(needed.split())]
    for group in exactly or [group for group in taking if stand_for(group.languages, needed)]:
        # "A slot of the first of those that are able to run it and have one free."
        if held[group.name] + strays < group.slots:
            return group.name
    return None


def stand_for(offered: Collection[str], needed: str) -> bool:
    """As a daemon would say, one language after the other."""
    for name, version in (each.rsplit("-", 1) for each in needed.split()):
        versions = [
            each.removeprefix(f"{name}-") for each in offered if each.startswith(f"{name}-")
        ]
        if standing_for(version, versions) is None:
            return False
    return True


def next_by_the_rule(
    waiting: Iterable[QueueEntry],
    slots: Iterable[QueueEntry],
    turns: Mapping[Lane, Time],
    caps: Caps,
    now: Time,
    may_run: Callable[[str], bool],
) -> str | None:
    """The rule of AdmissionQueue sentence by sentence, over a plain list."""
    held = Counter(entry.owner for entry in slots)

    def since(entry: QueueEntry) -> Time:
        # "Since it was created, or since its owner last took a slot or gave one back in its band."
        return max(entry.entered_at, turns.get(lane_of(entry), entry.entered_at))

    def effective_band(entry: QueueEntry) -> int:
        # "Its band minus one for each `ageing_seconds` that it has waited."
        return entry.priority.band - max(0, now - since(entry)) // (AGEING * SECOND)

    # "Only entries for whose languages a slot is free are compared."
    candidates = [
        entry
        for entry in waiting
        if held[entry.owner] < caps.per_owner and may_run(entry.languages)
    ]
    # "The lowest effective band; the owner who holds the fewest slots; who has waited longest."
    for measure in (effective_band, lambda entry: held[entry.owner], since):
        lowest = min(map(measure, candidates), default=None)
        candidates = [entry for entry in candidates if measure(entry) == lowest]
    # Nothing but a fixed order tells the rest apart.
    candidates.sort(
        key=lambda e: (e.priority.band, e.owner, e.entered_at, e.execution_id),
    )
    return candidates[0].execution_id if candidates else None


PRIORITIES = st.sampled_from(Priority)
NUMBERS = st.integers(0, 19)
SECONDS = st.sampled_from([0, 1, 59, 60, 61, 120, 240, 300, 10_000])
STEPS = st.sampled_from([-10_000, -301, -60, -1, 1, 59, 60, 61, 301, 10_000])
IDS = [f"execution {number:02}" for number in range(20)]
OFFERED = ["c-12.2", "odd:1%-2", "python-3.11.2", "python-3.11.7", "python-3.12.1"]
NEEDED = ["c-12.2", "odd:1%-2", "python-3.11.2", "c-12.2 python-3.11.7"]
GROUPS = st.lists(
    st.builds(
        Group,
        name=st.sampled_from(["a", "b", "c"]),
        slots=st.integers(0, 4),
        languages=st.frozensets(st.sampled_from(OFFERED)),
    ),
    max_size=3,
    unique_by=lambda group: group.name,
)


class ByTheRule(RuleBasedStateMachine):
    """Does everything to both queues, and checks that both follow the rule."""

    client: ClassVar[redis.Redis]

    def __init__(self) -> None:
        super().__init__()
        self.client.flushall()
        self.lua = RedisAdmissionQueue(self.client, AGEING)
        self.plain = MemoryAdmissionQueue(AGEING)
        self.both: tuple[AdmissionQueue, AdmissionQueue] = (self.lua, self.plain)
        self.waiting: dict[str, QueueEntry] = {}
        self.held: dict[str, QueueEntry] = {}
        self.groups: dict[str, str | None] = {}
        """Of the slots."""
        self.turns: dict[Lane, Time] = {}
        self.now: Time = NOW
        self.caps = Caps(total=8, per_owner=3)
        self.mark_ready()

    @rule(drawn=st.lists(st.tuples(NUMBERS, PRIORITIES, SECONDS), max_size=8))
    def enter(self, drawn: list[tuple[int, Priority, int]]) -> None:
        entries = [_entry(*facts) for facts in drawn]
        for queue in self.both:
            queue.enter(entries)
        for one in entries:
            if one.execution_id not in self.held:
                self.waiting.setdefault(one.execution_id, one)

    @rule(total=st.integers(0, 8), per_owner=st.integers(0, 4), groups=GROUPS)
    def change_settings_or_hosts(self, total: int, per_owner: int, groups: list[Group]) -> None:
        self.caps = Caps(total, per_owner, groups)

    @rule(seconds=STEPS)
    def let_time_pass_or_step(self, seconds: int) -> None:
        self.now += seconds * SECOND

    @rule(
        limit=st.integers(1, 8),
        entering=st.none() | st.tuples(NUMBERS, PRIORITIES, SECONDS),
        leaving=st.none() | NUMBERS,
    )
    def take(
        self, limit: int, entering: tuple[int, Priority, int] | None, leaving: int | None
    ) -> None:
        self.now += 1
        entry = _entry(*entering) if entering else None
        id = None if leaving is None else IDS[leaving]
        if entry and entry.execution_id not in self.held:
            self.waiting.setdefault(entry.execution_id, entry)
        if id is not None:
            self.forget(id)
        lua, plain = [
            queue.take(self.caps, self.now, limit, entering=entry, leaving=id)
            for queue in self.both
        ]
        assert lua == plain == self.expected(limit)

    def expected(self, limit: int) -> list[str]:
        taken: list[str] = []
        if not self.plain.ready():
            return taken
        self.mend_times()
        while len(taken) < limit:
            id = next_by_the_rule(
                self.waiting.values(),
                self.held.values(),
                self.turns,
                self.caps,
                self.now,
                lambda language: self.group_for(language) is not None,
            )
            if id is None:
                break
            self.groups[id] = self.group_for(self.waiting[id].languages) or None
            self.held[id] = self.waiting.pop(id)
            self.turn(self.held[id])
            taken.append(id)
        return taken

    def group_for(self, language: str) -> str | None:
        return group_with_room(language, self.held.keys(), self.groups, self.caps)

    def turn(self, one: QueueEntry) -> None:
        self.turns[lane_of(one)] = self.now

    @invariant()
    def turns_of_empty_lanes_do_not_count(self) -> None:
        lanes = {lane_of(one) for one in self.waiting.values()}
        self.turns = {lane: turn for lane, turn in self.turns.items() if lane in lanes}
        assert self.client.zcard("podline:lines:turns") == len(self.turns)

    def mend_times(self) -> None:
        """A time in the future means that the clock was set back, so it counts as now."""
        for id, one in self.waiting.items():
            ahead = one.entered_at - self.now
            if ahead > (len(Priority) - one.priority.band) * AGEING * SECOND:
                self.waiting[id] = replace(one, entered_at=self.now)
        for lane, turn in self.turns.items():
            if turn > self.now + AGEING * SECOND:
                self.turns[lane] = self.now

    @rule(number=NUMBERS)
    def leave(self, number: int) -> None:
        self.forget(IDS[number])
        for queue in self.both:
            queue.leave(IDS[number], self.now)

    def forget(self, id: str) -> None:
        self.waiting.pop(id, None)
        if holder := self.held.pop(id, None):
            self.turn(holder)

    @rule(
        number=NUMBERS,
        priority=PRIORITIES,
        seconds=SECONDS,
        group=st.sampled_from([None, "a", "b", "gone"]),
    )
    def hold(self, number: int, priority: Priority, seconds: int, group: str | None) -> None:
        self.now += 1
        # An execution keeps its priority.
        one = self.waiting.pop(IDS[number], None) or _entry(number, priority, seconds)
        if self.held.setdefault(one.execution_id, one) is one:
            self.turn(one)
        self.groups[one.execution_id] = group
        for queue in self.both:
            queue.hold(one, self.now, group)

    @precondition(lambda self: not self.plain.ready())
    @rule()
    def mark_ready(self) -> None:
        for queue in self.both:
            queue.mark_ready()

    @precondition(lambda self: len(self.waiting) + len(self.held) > 12)
    @rule()
    def clear(self) -> None:
        self.waiting.clear()
        self.held.clear()
        self.turns.clear()
        for queue in self.both:
            queue.clear()
        assert self.client.keys("podline:lines:*") == []

    @invariant()
    def sizes_are_the_same(self) -> None:
        for queue in self.both:
            sizes = (queue.length(), queue.slots_used())
            assert sizes == (len(self.waiting), len(self.held))

    @rule()
    def look(self) -> None:
        lua, plain = [
            (
                q.ready(),
                q.slots(self.now, 20),
                q.contains(IDS),
                [q.queue_position(id) for id in IDS],
            )
            for q in self.both
        ]
        assert lua == plain
        for queue in self.both:
            groups = {id: queue.group(id) for id in self.held}
            assert groups == {id: self.groups[id] for id in self.held}
            strays = {id for id in self.held if self.groups[id] not in ("a", "b")}
            assert set(queue.strays(["a", "b"], 20)) == strays
            assert len(queue.strays(["a", "b"], 1)) == min(1, len(strays))


def _entry(number: int, priority: Priority, seconds: int) -> QueueEntry:
    owner, language = f"owner {number // 5}", NEEDED[number % 4]
    return entry(IDS[number], owner=owner, priority=priority, after=seconds, language=language)


def test_turns_are_taken_by_the_rule(redis_client: redis.Redis) -> None:
    ByTheRule.client = redis_client
    run_state_machine_as_test(
        ByTheRule,
        settings=settings(max_examples=40, stateful_step_count=40, deadline=None),
    )
