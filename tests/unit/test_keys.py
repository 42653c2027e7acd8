"""API keys are random, stored as hashes, and belong to an owner."""

from functools import partial
from itertools import count

import pytest

from app.domain.api_key import ApiKey, Role
from app.domain.errors import Conflict, NotFound, StoreUnavailable
from app.infrastructure.memory.keys import MemoryKeys
from app.service import keys, sessions
from tests.support.twins import Twins


def test_a_secret_has_256_random_bits() -> None:
    secrets = {keys.new_secret() for _ in range(100)}
    assert len(secrets) == 100
    assert {len(secret.removeprefix("pdl_")) for secret in secrets} == {43}


def test_only_the_secret_itself_opens(twins: Twins) -> None:
    key, secret = keys.create(twins.ports.store.keys, twins.ports.clock, "ada", Role.USER)
    assert keys.authenticate(twins.ports.store.keys, secret) == key
    for guess in ("", "pdl_", secret[:-1], secret + "x", secret.upper(), key.secret_hash):
        assert keys.authenticate(twins.ports.store.keys, guess) is None


def test_the_store_never_sees_the_secret(twins: Twins) -> None:
    _, secret = keys.create(twins.ports.store.keys, twins.ports.clock, "ada", Role.USER)
    assert secret not in repr(twins.store.keys.all())


def test_a_secret_that_is_valid_already_stays_as_it_is(twins: Twins) -> None:
    secret = keys.new_secret()
    first = keys.enrol(twins.ports.store.keys, twins.ports.clock, secret, "ada", Role.ADMIN)
    assert keys.enrol(twins.ports.store.keys, twins.ports.clock, secret, "bob", Role.USER) is None
    assert twins.store.keys.all() == [first]


def test_one_admin_key_always_remains(twins: Twins) -> None:
    last, secret = keys.create(twins.ports.store.keys, twins.ports.clock, "root", Role.ADMIN)
    other, _ = keys.create(twins.ports.store.keys, twins.ports.clock, "root", Role.ADMIN)
    keys.delete(twins.ports.store.keys, other.id, by=last)
    with pytest.raises(NotFound):
        keys.delete(twins.ports.store.keys, other.id, by=last)
    with pytest.raises(Conflict):
        keys.delete(twins.ports.store.keys, last.id, by=last)
    assert keys.authenticate(twins.ports.store.keys, secret) == last


def test_the_key_that_each_start_makes_valid_is_replaced_before_it_is_deleted(
    twins: Twins,
) -> None:
    store = twins.ports.store
    first, secret = keys.create(store.keys, twins.ports.clock, "admin", Role.ADMIN)
    other, _ = keys.create(store.keys, twins.ports.clock, "admin", Role.ADMIN)
    with pytest.raises(Conflict, match="PODLINE_ADMIN_KEY"):
        keys.delete(store.keys, first.id, by=other, first_key_hash=keys.hash_of(secret))
    assert keys.authenticate(store.keys, secret) == first
    keys.delete(store.keys, first.id, by=other, first_key_hash=keys.hash_of("another"))
    assert keys.authenticate(store.keys, secret) is None


class TestStillValid:
    def test_a_key_that_was_deleted_is_noticed_within_seconds(self, twins: Twins) -> None:
        key, _ = keys.create(twins.ports.store.keys, twins.ports.clock, "ada", Role.USER)
        seconds = iter([0.0, 3.9, 5.0, 5.0, 9.1, 9.1]).__next__
        valid = keys.StillValid(twins.store.keys, key, clock=seconds)
        twins.store.keys.delete(key.id)

        assert valid()
        assert not valid()

    def test_a_key_that_exists_stays_valid(self, twins: Twins) -> None:
        key, _ = keys.create(twins.ports.store.keys, twins.ports.clock, "ada", Role.USER)

        assert keys.StillValid(twins.store.keys, key, clock=count(step=100).__next__)()

    def test_ends_with_the_session_that_uses_it(self, twins: Twins) -> None:
        key, _ = keys.create(twins.ports.store.keys, twins.ports.clock, "ada", Role.USER)
        begun = sessions.begin(twins.ports.sessions, twins.ports.clock, key)
        lasts = partial(sessions.lasts, twins.ports.sessions, begun.secret)
        valid = keys.StillValid(twins.store.keys, key, lasts, clock=count(step=100).__next__)

        assert valid()
        sessions.end(twins.ports.sessions, begun.secret)
        assert not valid()

    def test_a_store_that_does_not_answer_ends_nothing(self, twins: Twins) -> None:
        class Unreachable(MemoryKeys):
            def by_hash(self, secret_hash: str) -> ApiKey | None:
                raise StoreUnavailable(secret_hash)

        key, _ = keys.create(twins.ports.store.keys, twins.ports.clock, "ada", Role.USER)
        twins.store.keys = Unreachable()

        assert keys.StillValid(twins.store.keys, key, clock=count(step=100).__next__)()
