"""What every store does as a whole."""

from app.ports import Store
from tests.support.builders import accepted


def test_ping_returns(store: Store) -> None:
    store.ping()


def test_an_upgrade_may_be_repeated(store: Store) -> None:
    row, *_ = new = accepted()
    assert store.executions.insert(*new)
    store.upgrade()
    store.upgrade()
    assert store.executions.get(row.id) == row
