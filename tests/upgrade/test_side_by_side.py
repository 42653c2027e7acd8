"""During a rolling upgrade, this release reads what a newer one writes.

MongoDB and Redis are written as a newer release would: with another field, with another value of an
enum, or by a release before a field was added. docs/operations.md has the rules for what a release
may write, and `known.py` what the one before can read.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import MISSING, dataclass, fields, replace
from enum import StrEnum
from time import time_ns
from typing import Any

import pymongo
import pytest
import redis
from pymongo.database import Database

from app.domain.audit import Actor, AuditRecord, begun
from app.domain.errors import StoreUnreadable
from app.domain.execution import State
from app.domain.filters import ExecutionFilter
from app.domain.usage import UsageDay
from app.infrastructure import codec
from app.infrastructure.cloudevents import as_json, cloud_event, parse
from app.infrastructure.mongo.rows import STORED_AS
from app.infrastructure.mongo.store import MongoStore
from app.infrastructure.redis.parking import PARKING, RedisParking
from tests.contracts.rows import LATER, put, to_later
from tests.support.builders import (
    NOW,
    a_batch,
    a_callback,
    a_dead_letter,
    a_key,
    a_replay,
    a_result,
    a_submission,
    accepted,
    an_execution,
    an_id,
    an_idempotency_record,
)
from tests.support.mongo_server import MongoServer
from tests.upgrade.known import REQUIRED, VALUES, has_default, required

NEWER = "of_a_newer_release"

Raw = Database[dict[str, Any]]


@dataclass(frozen=True)
class Kind:
    """What a collection of MongoDB has."""

    collection: str
    make: Callable[[MongoStore], Any]
    """Store one, and return it."""
    read: Callable[[MongoStore, Any], Any]
    json: str | None = None
    """The field that has it as JSON."""
    id: Callable[[Any], str] = lambda each: str(each.id)
    change: Callable[[MongoStore, Any], object] | None = None
    """Returns true if it was as it was read."""
    stored_as: Mapping[str, str] | None = None
    """Names in the collection; None: those of its class."""


def kept(part: str, method: str, make: Callable[[], Any]) -> Callable[[MongoStore], Any]:
    def store_one(store: MongoStore) -> Any:
        made = make()
        assert getattr(getattr(store, part), method)(made) is not False
        return made

    return store_one


def a_record() -> AuditRecord:
    record = begun(an_id(), NOW, Actor(key=a_key(), address="192.0.2.1"), "restore", {}, None)
    return replace(record, relay_at=NOW)


def an_audited(store: MongoStore, record: AuditRecord) -> AuditRecord:
    return next(each for each in store.audit.page(None, 100) if each.id == record.id)


def relayed(store: MongoStore, record: AuditRecord) -> bool:
    store.audit.mark_relayed(record)
    return record.id not in {each.id for each in store.audit.due(NOW, 100)}


def a_day(store: MongoStore) -> UsageDay:
    day = UsageDay(owner=an_id(), day="2026-01-02", key_id="k")
    first = day.folded([an_execution(cpu_us=1, stored_bytes=1)])
    assert store.usage.put(day, first)
    return first


def a_stored_batch(store: MongoStore) -> Any:
    batch = a_batch(an_id())
    assert store.batches.put(batch, {})
    return batch


KINDS = [
    Kind(
        "executions",
        put,
        lambda store, row: store.executions.get(row.id),
        change=lambda store, row: store.executions.apply(row.admit(NOW, NOW)),
        stored_as=STORED_AS,
    ),
    Kind(
        "dead_letters",
        kept("dead_letters", "put", a_dead_letter),
        lambda store, letter: store.dead_letters.get(letter.id),
        change=lambda store, letter: store.dead_letters.update(letter, replace(letter, retries=9)),
    ),
    Kind(
        "api_keys",
        kept("keys", "add", a_key),
        lambda store, key: store.keys.get(key.id),
        change=lambda store, key: store.keys.update(key, replace(key, max_unfinished=5)),
    ),
    Kind(
        "idempotency",
        lambda store: store.idempotency.fix(an_idempotency_record(), NOW),
        lambda store, record: store.idempotency.fix(record, NOW),
        id=lambda record: str(record.key_hash),
    ),
    Kind(
        "replays",
        kept("replays", "put", a_replay),
        lambda store, replay: store.replays.get(replay.id),
        json="replay",
        change=lambda store, replay: store.replays.update(replay, replace(replay, version=2)),
    ),
    Kind(
        "batches",
        a_stored_batch,
        lambda store, batch: store.batches.get(batch.id),
        json="batch",
    ),
    Kind("audit", kept("audit", "put", a_record), an_audited, json="record", change=relayed),
    Kind(
        "usage_days",
        a_day,
        lambda store, day: store.usage.day(day),
        id=lambda day: f"{day.owner}/{day.day}/{day.key_id}",
        change=lambda store, day: store.usage.put(day, replace(day, version=2)),
    ),
]


@pytest.fixture(scope="module")
def url(mongo_server: MongoServer) -> str:
    return mongo_server.url(f"side-by-side-{time_ns()}")


@pytest.fixture(scope="module")
def store(url: str) -> Iterator[MongoStore]:
    with closing(MongoStore(url, timeout=30)) as store:
        yield store


@pytest.fixture(scope="module")
def raw(url: str) -> Iterator[Raw]:
    with pymongo.MongoClient[dict[str, Any]](url) as client:
        yield client.get_default_database()


def change_json(raw: Raw, kind: Kind, id: str, change: Mapping[str, object]) -> None:
    assert kind.json
    collection = raw[kind.collection]
    (found,) = collection.find({"_id": id})
    changed = json.dumps(json.loads(found[kind.json]) | change)
    collection.update_one({"_id": id}, {"$set": {kind.json: changed}})


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.collection)
class TestMongo:
    def test_a_new_field_is_ignored_and_kept(self, kind: Kind, store: MongoStore, raw: Raw) -> None:
        made = kind.make(store)
        id, collection = kind.id(made), raw[kind.collection]
        collection.update_one({"_id": id}, {"$set": {NEWER: {"some": [1]}}})
        if kind.json:
            change_json(raw, kind, id, {NEWER: 1})
        assert kind.read(store, made) == made
        if kind.change:
            assert kind.change(store, made)
        (found,) = collection.find({"_id": id})
        assert found[NEWER] == {"some": [1]}

    def test_what_was_added_may_be_missing(self, kind: Kind, store: MongoStore, raw: Raw) -> None:
        made = kind.make(store)
        id, collection = kind.id(made), raw[kind.collection]
        for field in filter(has_default, fields(made)):
            name = field.name
            stored = (kind.stored_as or {}).get(name, name)
            if kind.json:
                (found,) = collection.find({"_id": id})
                without = json.loads(found[kind.json])
                without.pop(name, None)
                collection.update_one({"_id": id}, {"$set": {kind.json: json.dumps(without)}})
            else:
                collection.update_one({"_id": id}, {"$unset": {stored: 1}})
            read = kind.read(store, made)
            factory = field.default_factory
            assert getattr(read, name) == (field.default if factory is MISSING else factory())


def with_another(raw: Raw, collection: str, id: str, name: str) -> None:
    raw[collection].update_one({"_id": id}, {"$set": {name: NEWER}})


class TestAnotherValue:
    """One that this release does not know, where a newer release broke the rule."""

    def test_an_execution_stops_no_other(
        self, store: MongoStore, raw: Raw, caplog: pytest.LogCaptureFixture
    ) -> None:
        theirs, ours = put(store, owner="newer"), put(store, owner="newer")
        with_another(raw, "executions", theirs.id, "priority")
        found = store.executions.page(ExecutionFilter(owner="newer"), None, 10)
        claimed = store.executions.claim_due(frozenset([State.QUEUED]), NOW, 100, to_later)
        assert found == [ours]
        assert theirs.id not in {row.id for row in claimed}
        assert replace(ours, next_action_at=LATER) in claimed
        assert caplog.text.count(f"{theirs.id} in MongoDB can't be read") == 1

    def test_an_execution_alone_is_left_to_the_newer_release(
        self, store: MongoStore, raw: Raw
    ) -> None:
        theirs = put(store, a_submission(labels={"course": "quoted nowhere"}))
        with_another(raw, "executions", theirs.id, "priority")
        with pytest.raises(StoreUnreadable) as found:
            store.executions.get(theirs.id)
        assert NEWER not in str(found.value)
        assert found.value.__cause__ is None
        assert found.value.__suppress_context__

    def test_a_result_is_left_to_the_newer_release(self, store: MongoStore, raw: Raw) -> None:
        result = a_result(an_execution())
        text = codec.RESULT.encode(result).replace(b'"stdout"', b'"printed"')
        raw["results"].insert_one({"_id": result.id, "result": text})
        with pytest.raises(StoreUnreadable):
            store.results.get(result.id)

    def test_a_dead_letter_or_replay_or_record_stops_no_other(
        self, store: MongoStore, raw: Raw
    ) -> None:
        letters = [a_dead_letter(), a_dead_letter()]
        for letter in letters:
            store.dead_letters.put(letter)
        with_another(raw, "dead_letters", letters[0].id, "kind")
        due = store.dead_letters.due(LATER, 1000)
        assert letters[0].id not in {letter.id for letter in due}
        assert letters[1] in due
        replays = [a_replay(), a_replay()]
        records = [a_record(), a_record()]
        for replay, record in zip(replays, records, strict=True):
            store.replays.put(replay)
            store.audit.put(record)
        by_name = {kind.collection: kind for kind in KINDS}
        change_json(raw, by_name["replays"], replays[0].id, {"mode": NEWER})
        change_json(raw, by_name["audit"], records[0].id, {"outcome": NEWER})
        found = {each.id for each in store.replays.due(NOW, 1000)}
        found |= {each.id for each in store.audit.due(NOW, 1000)}
        assert found & {replays[0].id, records[0].id} == set()
        assert found >= {replays[1].id, records[1].id}

    def test_a_parked_letter_stays_for_the_newer_release(self, redis_client: redis.Redis) -> None:
        parking = RedisParking(redis_client)
        ours = a_dead_letter(last_failed_at=NOW + 9)
        parking.park(ours)
        member = json.loads(codec.DEAD_LETTER.dump_json(a_dead_letter()))
        theirs = [json.dumps(member | {NEWER: 1}), json.dumps(member | {"kind": NEWER})]
        redis_client.zadd(PARKING, dict.fromkeys(theirs, NOW))
        assert parking.unpark(10) == [ours]
        parking.done(ours)
        assert set(redis_client.zrange(PARKING, 0, -1)) == set(theirs)


def test_a_callback_with_a_new_field_is_delivered(store: MongoStore, raw: Raw) -> None:
    row, program, event = accepted()
    callback = a_callback().pending(NOW, NOW)
    assert store.executions.insert(replace(row, callback=callback), program, event)
    kind = replace(KINDS[0], json="callback")
    change_json(raw, kind, row.id, {NEWER: 1})
    (claimed,) = store.deliveries.claim_due(NOW, 10, lambda due: due.claimed(NOW))
    assert claimed.callback == callback.claimed(NOW)
    assert store.deliveries.update(row.id, claimed.callback, claimed.callback.delivered())


@pytest.mark.parametrize(
    ("coder", "made"),
    [(codec.SUBMISSION, a_submission()), (codec.RESULT, a_result(an_execution()))],
    ids=["program", "result"],
)
def test_programs_and_results_may_have_new_fields_everywhere(
    coder: codec.JsonCodec[Any], made: object
) -> None:
    text = json.dumps(with_newer(json.loads(coder.encode(made))))
    assert coder.decode(text.encode()) == made


MAPPINGS = {"env", "labels", "segments"}
"""Their names are data."""


def with_newer(value: Any, name: str = "") -> Any:
    if isinstance(value, list):
        return [with_newer(each) for each in value]
    if isinstance(value, dict):
        changed = {key: with_newer(each, key) for key, each in value.items()}
        return changed if name in MAPPINGS else changed | {NEWER: 1}
    return value


def test_events_may_have_new_facts_and_new_types() -> None:
    _, _, event = accepted()
    newer = replace(event, type="podline.execution.paused.v1", data=dict(event.data) | {NEWER: 1})
    assert parse(as_json(cloud_event(newer) | {NEWER: 1})) == newer


class TestRules:
    """What a release may add, so that parts of the one before it can work beside it."""

    @pytest.mark.parametrize("type_", REQUIRED, ids=lambda each: each.__name__)
    def test_a_field_that_is_added_has_a_default(self, type_: type[Any]) -> None:
        assert required(type_) <= REQUIRED[type_]

    @pytest.mark.parametrize("enum", VALUES, ids=lambda each: each.__name__)
    def test_a_value_that_is_added_is_known_to_the_release_before(
        self, enum: type[StrEnum]
    ) -> None:
        """Read it in one release, and write it in the next: then add it to `VALUES`."""
        assert {each.value for each in enum} == VALUES[enum]
