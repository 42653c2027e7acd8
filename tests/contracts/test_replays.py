"""What every store does with replays."""

from dataclasses import replace

from app.domain.execution import SECOND
from app.domain.filters import EventFilter
from app.domain.replay import Counts, ReplayMode, ReplayStatus, Skipped
from app.ports import Store
from tests.contracts.racing import race
from tests.support.builders import NOW, a_replay, an_id

RACERS = 8
COUNTS = Counts({"podline.execution.failed.v1": 3}, done=2, skipped={Skipped.GONE: 1})
FILTER = EventFilter(
    since=NOW - SECOND,
    until=NOW,
    types=frozenset({"podline.execution.failed.v1"}),
    executions=frozenset({an_id(), an_id()}),
)


def test_one_is_as_it_was_put(store: Store) -> None:
    full = a_replay(mode=ReplayMode.RESUBMIT, filter=FILTER, target=None, dry_run=True)
    ended = full.begin(NOW, NOW).complete(NOW + 1, "17", COUNTS)
    for replay in (a_replay(), replace(ended, id=an_id())):
        store.replays.put(replay)
        assert store.replays.get(replay.id) == replay
    assert store.replays.get("another") is None


def test_an_update_names_the_version_that_it_saw(store: Store) -> None:
    replay = a_replay()
    store.replays.put(replay)
    begun = replay.begin(NOW, NOW + SECOND)
    assert store.replays.update(replay, begun)
    assert not store.replays.update(replay, replay.cancel(NOW))
    advanced = begun.advance("17", COUNTS, NOW + SECOND)
    assert store.replays.update(begun, advanced)
    assert store.replays.get(replay.id) == advanced
    assert not store.replays.update(a_replay(), advanced)


def test_one_of_many_updates_wins(store: Store) -> None:
    replay = a_replay()
    store.replays.put(replay)
    won = race(
        RACERS,
        lambda number: store.replays.update(replay, replay.advance(f"{number}", Counts(), NOW)),
    )
    assert won.count(True) == 1
    assert store.replays.get(replay.id) == replay.advance(f"{won.index(True)}", Counts(), NOW)


def test_are_listed_newest_first(store: Store) -> None:
    replays = [a_replay() for _ in range(3)]
    for replay in replays:
        store.replays.put(replay)
    assert store.replays.page(None, 10) == replays[::-1]
    assert store.replays.page(replays[2].id, 1) == [replays[1]]


def test_are_due_when_their_time_has_come(store: Store) -> None:
    second, first = a_replay(next_action_at=NOW + 2), a_replay(next_action_at=NOW + 1)
    cancelled = a_replay()
    for replay in (second, first, cancelled, a_replay(next_action_at=NOW + 3)):
        store.replays.put(replay)
    assert store.replays.update(cancelled, cancelled.cancel(NOW))
    assert store.replays.due(NOW + 2, 10) == [first, second]
    assert store.replays.due(NOW + 2, 1) == [first]
    assert store.replays.update(first, first.wait(NOW + 9, "down"))
    assert store.replays.due(NOW + 2, 10) == [second]


def test_status_of_the_last_update_stays(store: Store) -> None:
    replay = a_replay()
    store.replays.put(replay)
    failed = replay.fail(NOW, "no place in this log")
    assert store.replays.update(replay, failed)
    kept = store.replays.get(replay.id)
    assert kept is not None
    assert (kept.status, kept.error) == (ReplayStatus.FAILED, "no place in this log")


def test_what_ended_long_ago_is_removed_oldest_first(store: Store) -> None:
    running, young, old, oldest = replays = [a_replay() for _ in range(4)]
    for replay in replays:
        store.replays.put(replay)
    assert store.replays.update(young, young.complete(NOW + 3, None, COUNTS))
    assert store.replays.update(old, old.cancel(NOW + 2))
    assert store.replays.update(oldest, oldest.fail(NOW + 1, "no place in this log"))
    assert store.replays.remove_ended_before(NOW + 3, 1) == 1
    assert store.replays.get(oldest.id) is None
    assert store.replays.remove_ended_before(NOW + 3, 10) == 1
    assert [replay.id for replay in store.replays.page(None, 10)] == [young.id, running.id]
    assert store.replays.remove_ended_before(NOW + 3, 10) == 0
