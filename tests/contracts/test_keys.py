"""What every store does with API keys."""

from dataclasses import replace

from app.domain.api_key import Role
from app.ports import Store
from tests.support.builders import NOW, a_key


def test_a_key_is_found_by_the_hash_of_its_secret(store: Store) -> None:
    key = a_key(
        role=Role.OPERATOR,
        max_unfinished=7,
        requests="10/s",
        cpu_day=3600.0,
        callback_generation=2,
        callback_rotated_at=NOW,
        door="piston",
    )
    store.keys.put(key)
    store.keys.put(a_key())
    assert store.keys.by_hash(key.secret_hash) == key
    assert store.keys.by_hash("another") is None
    assert store.keys.get(key.id) == key
    assert store.keys.get("another") is None


def test_a_key_is_replaced_by_one_of_its_id(store: Store) -> None:
    key = a_key(max_unfinished=7)
    store.keys.put(key)
    renewed = replace(key, secret_hash="another", max_unfinished=None)
    store.keys.put(renewed)
    assert store.keys.all() == [renewed]
    assert store.keys.by_hash(key.secret_hash) is None


def test_keys_are_listed_by_id(store: Store) -> None:
    keys = [a_key(), a_key()]
    for key in reversed(keys):
        store.keys.put(key)
    assert store.keys.all() == keys


def test_a_deleted_key_is_gone(store: Store) -> None:
    key = a_key()
    store.keys.put(key)
    assert store.keys.delete(key.id)
    assert not store.keys.delete(key.id)
    assert store.keys.by_hash(key.secret_hash) is None
