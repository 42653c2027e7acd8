"""What every admission queue does with entries, caps and slots. See test_turns for the order."""

from dataclasses import replace

import pytest
import redis

from app.domain.execution import SECOND
from app.domain.hosts import Group
from app.domain.submission import Priority
from app.infrastructure.redis.admission import RedisAdmissionQueue
from app.infrastructure.redis.versions import VERSION
from app.ports import AdmissionQueue, Caps, QueueEntry
from tests.contracts.queued import entry, take
from tests.support.builders import NOW


class TestOrder:
    def test_first_come_first_served_within_a_band(self, queue: AdmissionQueue) -> None:
        queue.enter([entry("second", owner="bob", after=0.000_001), entry("first")])
        queue.enter([entry("third", after=0.000_002)])
        assert take(queue) == ["first", "second", "third"]

    def test_the_more_urgent_band_goes_first(self, queue: AdmissionQueue) -> None:
        queue.enter([entry(p, priority=p, after=-p.band) for p in reversed(Priority)])
        assert take(queue) == list(Priority)

    def test_position_counts_all_owners(self, queue: AdmissionQueue) -> None:
        queue.enter([entry("b", owner="bob", after=1), entry("a"), entry("c", after=2)])
        assert [queue.queue_position(id) for id in ("a", "b", "c", "nobody")] == [1, 2, 3, None]
        assert queue.length() == 3

    def test_limit_bounds_one_take(self, queue: AdmissionQueue) -> None:
        queue.enter([entry("a"), entry("b", after=1), entry("c", after=2)])
        assert [take(queue, limit=2), take(queue, limit=2)] == [["a", "b"], ["c"]]


class TestCaps:
    def test_the_cap_for_all(self, queue: AdmissionQueue) -> None:
        queue.enter([entry(str(n), owner=f"owner {n}", after=n) for n in range(5)])
        assert take(queue, Caps(total=3, per_owner=3)) == ["0", "1", "2"]
        assert take(queue, Caps(total=3, per_owner=3)) == []

    def test_a_capped_owner_waits_and_the_others_continue(self, queue: AdmissionQueue) -> None:
        queue.enter([entry(f"ada {n}", after=n) for n in range(5)])
        queue.enter([entry("bob", owner="bob", priority=Priority.BACKGROUND, after=9)])
        assert take(queue, Caps(total=10, per_owner=2)) == ["ada 0", "ada 1", "bob"]

    def test_a_slot_given_back_goes_to_the_best_of_the_owner(self, queue: AdmissionQueue) -> None:
        caps = Caps(total=10, per_owner=1)
        queue.enter([entry("a"), entry("b", after=1), entry("c", after=2)])
        assert take(queue, caps) == ["a"]
        queue.enter([entry("urgent", priority=Priority.CRITICAL, after=3)])
        queue.leave("a", NOW)
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
            queue.leave(freed, NOW)
            assert take(queue, lower) == taken

    def test_what_is_held_counts(self, queue: AdmissionQueue) -> None:
        caps = Caps(total=10, per_owner=2)
        queue.enter([entry(str(n), after=n) for n in range(4)])
        assert take(queue, caps, limit=1) == ["0"]
        queue.hold(entry("1", after=1), NOW)
        assert take(queue, caps) == []
        queue.leave("0", NOW)
        assert take(queue, caps) == ["2"]

    def test_no_slots_at_all(self, queue: AdmissionQueue) -> None:
        queue.enter([entry("a")])
        assert take(queue, Caps(total=0, per_owner=1)) == []
        assert take(queue, Caps(total=1, per_owner=0)) == []


C = "c-12.2"
PYTHON = "python-3.11"
SMALL = Group(name="small", slots=1, languages=frozenset([PYTHON]))
LARGE = Group(name="large", slots=2, languages=frozenset([PYTHON, C]))
GROUPS = Caps(total=3, per_owner=10, groups=[SMALL, LARGE])


class TestGroups:
    def test_each_has_slots_of_its_own(self, queue: AdmissionQueue) -> None:
        queue.enter([entry(f"c {n}", language=C, after=n) for n in range(4)])
        queue.enter([entry(f"python {n}", after=9 + n) for n in range(4)])
        assert take(queue, GROUPS) == ["c 0", "c 1", "python 0"]
        assert [queue.group(id) for id in ("c 0", "c 1", "python 0")] == ["large", "large", "small"]
        queue.leave("python 0", NOW)
        assert take(queue, GROUPS) == ["python 1"], "a slot for C is not free"
        queue.leave("c 1", NOW)
        assert take(queue, GROUPS) == ["c 2"]

    def test_the_first_that_has_room_is_used(self, queue: AdmissionQueue) -> None:
        queue.enter([entry(str(n), after=n) for n in range(4)])
        assert take(queue, GROUPS) == ["0", "1", "2"]
        assert [queue.group(str(n)) for n in range(3)] == ["small", "large", "large"]
        queue.leave("0", NOW)
        assert take(queue, GROUPS) == ["3"]
        assert queue.group("3") == "small"

    def test_what_nobody_offers_waits(self, queue: AdmissionQueue) -> None:
        queue.enter([entry("exotic", language="exotic-1", priority=Priority.CRITICAL)])
        assert take(queue, GROUPS) == []
        assert queue.queue_position("exotic") == 1
        queue.enter([entry("python", after=1)])
        assert take(queue, GROUPS) == ["python"]

    def test_what_needs_two_languages_gets_a_slot_where_both_are(
        self, queue: AdmissionQueue
    ) -> None:
        queue.enter([entry(f"both {n}", language=f"{C} {PYTHON}", after=n) for n in range(3)])
        queue.enter([entry("neither", language=f"{C} exotic-1"), entry("python", after=9)])
        assert take(queue, GROUPS) == ["both 0", "both 1", "python"]
        assert [queue.group(id) for id in ("both 0", "python")] == ["large", "small"]
        queue.leave("python", NOW)
        assert take(queue, GROUPS) == []
        queue.leave("both 0", NOW)
        assert take(queue, GROUPS) == ["both 2"]
        queue.leave("both 2", NOW)
        queue.leave("neither", NOW)
        assert queue.length() == 0

    @pytest.mark.parametrize(
        ("wanted", "offered", "runs"),
        [
            ("c-1.2.5", "c-1.2.6", True),
            ("c-1.2.5", "c-1.2", True),
            ("c-1.2", "c-1.2.5", True),
            ("c-1.2.5", "c-1", True),
            ("c-1", "c-1.2.5", True),
            ("c-1.2.5", "c-1.3.5", False),
            ("c-1.2", "c-1.20", False),
            ("c-1", "c-12.2", False),
            ("c-1.2.5", "cpp-1.2.5", False),
            ("c++-1.2.5", "c++-1.2.6", True),
            ("c-1.2.5 python-3.11", "c-1.2.6", False),
            ("c-1.2.5 c-1.2.7", "c-1.2.6", True),
        ],
    )
    def test_a_version_that_stands_for_another_will_do(
        self, queue: AdmissionQueue, wanted: str, offered: str, runs: bool
    ) -> None:
        queue.enter([entry("a", language=wanted)])
        group = Group(name="one", slots=1, languages=frozenset([offered]))
        assert take(queue, Caps(total=1, per_owner=9, groups=[group])) == ["a"] * runs

    def test_the_very_version_is_waited_for_while_a_host_takes_programs_for_it(
        self, queue: AdmissionQueue
    ) -> None:
        newer = Group(name="newer", slots=3, languages=frozenset(["c-1.2.6", PYTHON]))
        own = Group(name="own", slots=1, languages=frozenset(["c-1.2.5"]))
        caps = Caps(total=4, per_owner=9, groups=[newer, own])
        queue.enter([entry(f"{n}", language="c-1.2.5", after=n) for n in range(3)])
        queue.enter([entry("python", after=9)])
        assert take(queue, caps) == ["0", "python"]
        assert queue.group("0") == "own"
        drained = replace(own, slots=0)
        assert take(queue, replace(caps, groups=[newer, drained]), limit=1) == ["1"]
        assert queue.group("1") == "newer"
        assert take(queue, replace(caps, groups=[newer, own])) == []
        queue.leave("0", NOW)
        assert take(queue, replace(caps, groups=[newer])) == ["2"]

    def test_bands_and_turns_are_those_of_all_languages(self, queue: AdmissionQueue) -> None:
        queue.enter([entry(f"ada {n}", after=n, language=[C, PYTHON][n % 2]) for n in range(4)])
        queue.enter([entry("bob", owner="bob", after=8)])
        queue.enter([entry("urgent", owner="cyd", after=9, priority=Priority.HIGH)])
        one = Caps(total=1, per_owner=9, groups=[replace(LARGE, slots=1)])
        taken = []
        for second in range(6):
            (id,) = take(queue, one, after=10 + second)
            queue.leave(id, NOW + (10 + second) * SECOND)
            taken.append(id)
        assert taken == ["urgent", "ada 0", "bob", "ada 1", "ada 2", "ada 3"]

    def test_a_slot_of_no_known_group_counts_in_each(self, queue: AdmissionQueue) -> None:
        queue.hold(entry("lost"), NOW)
        queue.hold(entry("of another"), NOW + 1, "gone")
        queue.enter([entry(str(n), after=n) for n in range(3)])
        assert take(queue, GROUPS) == []
        assert queue.strays(["small", "large"], 10) == ["lost", "of another"]
        queue.hold(entry("lost"), NOW, "small")
        queue.hold(entry("of another"), NOW, "large")
        assert queue.strays(["small", "large"], 10) == []
        assert (queue.group("lost"), queue.slots_used()) == ("small", 2)
        assert take(queue, GROUPS) == ["0"]
        assert queue.group("0") == "large"

    def test_where_slots_are_alike_all_count(self, queue: AdmissionQueue) -> None:
        queue.hold(entry("held"), NOW, "large")
        queue.enter([entry("a"), entry("b", after=1, language=C)])
        assert take(queue, Caps(total=2, per_owner=9)) == ["a"]
        assert queue.group("a") is None

    def test_nothing_stays_of_slots_that_were_released(self, redis_client: redis.Redis) -> None:
        queue = RedisAdmissionQueue(redis_client)
        queue.mark_ready()
        queue.enter([entry(f"{n}", language=[C, PYTHON][n % 2], after=n) for n in range(6)])
        for id in take(queue, GROUPS):
            queue.leave(id, NOW)
        for n in range(6):
            queue.leave(f"{n}", NOW)
        assert redis_client.keys("*") == ["podline:lines:ready"]


class TestLengths:
    def test_of_each_owner_in_all_bands(self, queue: AdmissionQueue) -> None:
        queue.enter([entry(f"a{n}", after=n) for n in range(4)])
        queue.enter([entry("low", priority=Priority.LOW), entry("b", owner="bob")])
        assert queue.queued_by_owner(10) == {"ada": 5, "bob": 1}
        take(queue, limit=2)
        assert sum(queue.queued_by_owner(10).values()) == queue.length() == 4
        queue.clear()
        assert queue.queued_by_owner(10) == {}

    def test_in_so_many_lanes(self, queue: AdmissionQueue) -> None:
        queue.enter([entry(str(n), owner=f"owner {n}", after=n) for n in range(5)])
        queue.enter([entry("low", owner="owner 0", priority=Priority.LOW)])
        assert sum(queue.queued_by_owner(3).values()) == 3
        assert sum(queue.queued_by_owner(6).values()) == 6
        assert queue.queued_by_owner(0) == {}


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
        queue.leave("0", NOW)
        queue.leave("0", NOW)
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
        queue.leave("left", NOW)
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
        queue.enter([entry(f"{n:05}", owner=f"owner {n % 7}", after=n / 100) for n in range(2_345)])
        assert queue.length() == 2_345
        assert take(queue, limit=3) == ["00000", "00001", "00002"]


class TestCost:
    """The cost in commands of Redis, which load on the machine doesn't change."""

    CAPS = Caps(total=1_000, per_owner=2)

    def cost(self, client: redis.Redis, crowd: list[QueueEntry], *, running: int = 1_000) -> int:
        """Of entering, taking and leaving, beside a crowd, of which `running` are admitted."""
        client.flushall()
        queue = RedisAdmissionQueue(client)
        queue.mark_ready()
        queue.enter(crowd)
        take(queue, self.CAPS, limit=running)
        client.config_resetstat()
        queue.enter([entry("newcomer", owner="newcomer", priority=Priority.CRITICAL)])
        assert take(queue, self.CAPS, limit=1) == ["newcomer"]
        queue.leave("newcomer", NOW)
        stats = client.info("commandstats")
        return sum(command["calls"] for command in stats.values())

    def test_it_is_the_same_however_many_wait(self, redis_client: redis.Redis) -> None:
        empty = self.cost(redis_client, [])
        one_capped_owner = [entry(str(n)) for n in range(2_000)]
        many_capped_owners = [entry(str(n), owner=f"owner {n % 50}") for n in range(2_000)]
        assert self.cost(redis_client, one_capped_owner) == empty
        assert self.cost(redis_client, many_capped_owners) == empty

    def test_it_is_the_same_however_many_owners_wait(self, redis_client: redis.Redis) -> None:
        def crowd(owners: int) -> list[QueueEntry]:
            return [entry(str(n), owner=f"owner {n}", after=n / 100) for n in range(owners)]

        few = self.cost(redis_client, crowd(10), running=5)
        assert self.cost(redis_client, crowd(2_000), running=5) == few

    def test_it_grows_with_the_different_numbers_of_slots_that_owners_hold(
        self, redis_client: redis.Redis
    ) -> None:
        """Of n slots, at most about sqrt(2 n) different numbers can be held."""
        crowd = [entry(f"{n} {m}", owner=f"owner {n}") for n in range(40) for m in range(n + 1)]
        queue = RedisAdmissionQueue(redis_client)
        queue.mark_ready()
        for one in crowd:
            queue.hold(one, NOW)
        queue.enter([entry(f"{n} waits", owner=f"owner {n}") for n in range(40)])
        redis_client.config_resetstat()
        assert take(queue, Caps(total=10_000, per_owner=100), limit=1) == ["0 waits"]
        calls = sum(command["calls"] for command in redis_client.info("commandstats").values())
        assert calls < 100

    def test_nothing_stays_of_those_who_left(self, redis_client: redis.Redis) -> None:
        queue = RedisAdmissionQueue(redis_client)
        queue.mark_ready()
        queue.enter([entry(f"{owner} {n}", owner=owner) for owner in "abc" for n in range(3)])
        for id in take(queue, self.CAPS) + take(queue):
            queue.leave(id, NOW)
        assert redis_client.keys("*") == ["podline:lines:ready"]


class TestEarlierLayout:
    """A Redis that a release without turns has used."""

    def fill(self, client: redis.Redis) -> None:
        client.zadd("podline:queue", {"a": 1, "b": 2})
        client.zadd("podline:queue:ada", {"a": 1})
        client.zadd("podline:queue:bob:1", {"b": 2})
        client.zadd("podline:heads", {"ada": 1, "bob:1": 2})
        client.zadd("podline:slots", {"c": 1})
        client.hset("podline:owner_of", mapping={"a": "ada", "b": "bob:1", "c": "ada"})
        client.hset("podline:used", "ada", 1)
        client.set("podline:cap", 2)
        client.set("podline:ready", 1)

    def fill_with_turns(self, client: redis.Redis) -> None:
        """As a release without languages did."""
        keys = "podline:turns"
        client.zadd(f"{keys}:queue", {"a": 1, "b": 2})
        client.zadd(f"{keys}:slots", {"c": 1})
        client.hset(f"{keys}:entries", mapping={"a": "2:ada", "b": "2:bob:1", "c": "0:ada"})
        client.hset(f"{keys}:used", "ada", 1)
        client.zadd(f"{keys}:turns", {"2:ada": 1})
        client.zadd(f"{keys}:cells", {"2:1": 1, "2:0": 0})
        client.zadd(f"{keys}:queue:lane:2:ada", {"a": 1})
        client.zadd(f"{keys}:queue:lane:2:bob:1", {"b": 1})
        client.zadd(f"{keys}:queue:heads:2:1", {"ada": 1})
        client.zadd(f"{keys}:queue:heads:2:0", {"bob:1": 1})
        client.set(f"{keys}:ready", 1)

    def test_is_a_queue_that_was_lost(self, redis_client: redis.Redis) -> None:
        self.fill(redis_client)
        queue = RedisAdmissionQueue(redis_client)
        assert not queue.ready()
        assert (queue.length(), queue.slots_used()) == (0, 0)
        queue.enter([entry("a")])
        assert take(queue) == []

    def test_is_removed_by_the_upgrade(self, redis_client: redis.Redis) -> None:
        self.fill(redis_client)
        self.fill_with_turns(redis_client)
        RedisAdmissionQueue(redis_client).upgrade()
        assert redis_client.keys("*") == [VERSION]
