"""What every port for the targets of a rebuild does."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from app.domain.errors import InvalidTarget
from app.infrastructure.memory.databases import MemoryDatabases
from app.ports import Databases
from app.settings import Settings
from app.wiring.stores import Databases as WiredDatabases
from tests.support.builders import accepted


@dataclass(frozen=True, slots=True)
class Case:
    databases: Databases
    own: str
    target: str
    other: str


@pytest.fixture(params=["memory", "wired"])
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    if request.param == "memory":
        return Case(MemoryDatabases(), "memory://own", "memory://one", "memory://two")
    own = f"sqlite:///{tmp_path}/podline.db"
    databases = WiredDatabases(Settings(data_dir=tmp_path, database_url=own))
    return Case(databases, own, "sqlite:///one.db", "sqlite:///two.db")


def test_a_target_keeps_what_was_written(case: Case) -> None:
    url = case.databases.check_target(case.target)
    row, *_ = new = accepted()
    with case.databases.open(url) as store:
        assert store.executions.insert(*new)
    with case.databases.open(url) as store:
        assert store.executions.get(row.id) == row


def test_targets_are_apart(case: Case) -> None:
    row, *_ = new = accepted()
    with case.databases.open(case.databases.check_target(case.target)) as store:
        assert store.executions.insert(*new)
    with case.databases.open(case.databases.check_target(case.other)) as store:
        assert store.executions.get(row.id) is None


def test_a_checked_target_passes_the_check_again(case: Case) -> None:
    url = case.databases.check_target(case.target)
    assert case.databases.check_target(url) == url


def test_the_services_own_database_and_what_is_none_are_refused(case: Case) -> None:
    for url in (case.own, "rebuilt", "https://example.com/rebuilt"):
        with pytest.raises(InvalidTarget):
            case.databases.check_target(url)
