"""What every store does as a whole."""

from collections.abc import Callable

from app.ports import Store
from tests.support.builders import accepted


def test_ping_returns(store: Store) -> None:
    store.ping()


def test_its_identity_is_that_of_no_other(a_store: Callable[[str], Store], store: Store) -> None:
    first = store.identity()
    store.upgrade()
    assert store.identity() == first
    assert {a_store(kind).identity() for kind in ("memory", "sqlite", "mongo")}.isdisjoint({first})


def test_an_upgrade_may_be_repeated(store: Store) -> None:
    row, *_ = new = accepted()
    assert store.executions.insert(*new)
    store.upgrade()
    store.upgrade()
    assert store.executions.get(row.id) == row
