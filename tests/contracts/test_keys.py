"""What every store does with API keys."""

from dataclasses import replace

import pytest

from app.domain.api_key import KeyLimits, Role
from app.domain.errors import NotFound
from app.ports import Store
from app.service import keys
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
    store.keys.add(key)
    store.keys.add(a_key())
    assert store.keys.by_hash(key.secret_hash) == key
    assert store.keys.by_hash("another") is None
    assert store.keys.get(key.id) == key
    assert store.keys.get("another") is None


def test_a_secret_belongs_to_the_first_key_that_has_it(store: Store) -> None:
    first = a_key(name="admin")
    assert store.keys.add(first)
    assert not store.keys.add(replace(a_key(name="other"), secret_hash=first.secret_hash))
    assert store.keys.all() == [first]


def test_keys_are_listed_by_id(store: Store) -> None:
    keys = [a_key(), a_key()]
    for key in reversed(keys):
        store.keys.add(key)
    assert store.keys.all() == keys


def test_a_deleted_key_is_gone(store: Store) -> None:
    key = a_key()
    store.keys.add(key)
    assert store.keys.delete(key.id)
    assert not store.keys.delete(key.id)
    assert store.keys.by_hash(key.secret_hash) is None


def test_an_update_needs_the_key_as_it_was(store: Store) -> None:
    key = a_key()
    store.keys.add(key)
    first, second = (replace(key, max_unfinished=most) for most in (1, 2))
    assert store.keys.update(key, first)
    assert not store.keys.update(key, second)
    assert store.keys.get(key.id) == first
    assert store.keys.update(first, key)
    assert store.keys.get(key.id) == key


def test_an_update_does_not_bring_a_deleted_key_back(store: Store) -> None:
    key = a_key()
    store.keys.add(key)
    store.keys.delete(key.id)
    assert not store.keys.update(key, replace(key, max_unfinished=1))
    assert store.keys.get(key.id) is None


def test_a_key_that_is_deleted_while_it_is_changed_stays_deleted(store: Store) -> None:
    key = a_key()
    store.keys.add(key)

    def change(limits: KeyLimits) -> KeyLimits:
        store.keys.delete(key.id)
        return replace(limits, max_unfinished=1)

    with pytest.raises(NotFound):
        keys.limit(store.keys, key.id, change)
    assert store.keys.get(key.id) is None
