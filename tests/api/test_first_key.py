"""The admin key from the settings is valid once the API runs, even if the database was down."""

from dataclasses import replace

from app import first_key
from app.domain.api_key import ApiKey, Role
from app.domain.errors import StoreUnavailable
from app.infrastructure.memory.keys import MemoryKeys
from app.infrastructure.memory.store import MemoryStore
from app.service.keys import authenticate
from tests.support.builders import a_key
from tests.support.twins import make_twins
from tests.support.waiting import wait_until

SECRET = "pdl_twenty-characters-or-more"


class Unavailable(MemoryKeys):
    """Keys that are unavailable until a test makes them available."""

    unavailable = True

    def by_hash(self, secret_hash: str) -> ApiKey | None:
        if self.unavailable:
            raise StoreUnavailable("the database is unavailable")
        return super().by_hash(secret_hash)


def test_it_is_an_admin_key() -> None:
    ports = make_twins().ports
    first_key.make_valid(ports.store, ports.clock, SECRET)
    key = authenticate(ports.store.keys, SECRET)
    assert key is not None
    assert (key.name, key.role) == ("admin", Role.ADMIN)


def test_a_restart_makes_no_second_one() -> None:
    ports = make_twins().ports
    first_key.make_valid(ports.store, ports.clock, SECRET)
    first_key.make_valid(ports.store, ports.clock, SECRET)
    (key,) = ports.store.keys.all()
    (record,) = ports.store.audit.page(None, 10)
    assert (record.action, record.address, record.key_id) == ("first key", "cli", None)
    assert record.target == {"key_id": key.id, "name": "admin", "role": "admin"}
    assert SECRET not in str(record)


class AddedMeanwhile(MemoryKeys):
    """Keys to which another process adds this secret after the first look."""

    def by_hash(self, secret_hash: str) -> ApiKey | None:
        found = super().by_hash(secret_hash)
        self.add(replace(a_key(name="admin", role=Role.ADMIN), secret_hash=secret_hash))
        return found


def test_processes_that_start_together_make_one_key_and_one_record() -> None:
    store = MemoryStore()
    store.keys = AddedMeanwhile()
    ports = make_twins(store=store).ports
    first_key.make_valid(ports.store, ports.clock, SECRET)
    assert len(ports.store.keys.all()) == 1
    assert not ports.store.audit.page(None, 10), "it is recorded by the process that added it"


def test_it_becomes_valid_when_the_database_comes_back() -> None:
    store = MemoryStore()
    keys = store.keys = Unavailable()
    ports = make_twins(store=store).ports
    first_key.make_valid(ports.store, ports.clock, SECRET)
    keys.unavailable = False
    wait_until(lambda: authenticate(ports.store.keys, SECRET))
