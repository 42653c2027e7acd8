"""What rows may be rebuilt into: any database but the service's own."""

from pathlib import Path

import pytest

from app.domain.errors import InvalidTarget
from app.settings import Settings
from app.wiring import Databases
from tests.builders import accepted

MONGO = "mongodb://podline:hush@a,b/podline"


def databases(folder: Path, database_url: str | None = None) -> Databases:
    own = database_url or f"sqlite:///{folder}/podline.db"
    return Databases(Settings(data_dir=folder, database_url=own))


def test_a_file_is_made_and_holds_what_was_written(tmp_path: Path) -> None:
    here = databases(tmp_path)
    url = here.check_target(f"sqlite:///{tmp_path}/rebuilt.db")
    new = accepted()
    with here.open(url) as store:
        assert store.insert(*new)
    with here.open(url) as store:
        assert store.get(new[0].id) == new[0]


def test_a_relative_path_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert databases(tmp_path).check_target("sqlite:///x.db") == f"sqlite:///{tmp_path}/x.db"


@pytest.mark.parametrize("name", ["podline.db", "events.db", "link.db", "sub/../podline.db"])
def test_the_services_own_files_are_refused_under_any_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "link.db").symlink_to(tmp_path / "podline.db")
    with pytest.raises(InvalidTarget, match="of the service itself"):
        databases(tmp_path).check_target(f"sqlite:///{tmp_path}/{name}")


@pytest.mark.parametrize(
    "url",
    [
        MONGO,
        "mongodb://b,a/podline",
        "mongodb://b:27017,a/",
        "mongodb://other:word@a:27017,b/podline?w=1",
    ],
)
def test_the_services_own_mongodb_is_refused_whoever_logs_in(tmp_path: Path, url: str) -> None:
    with pytest.raises(InvalidTarget, match="of the service itself"):
        databases(tmp_path, MONGO).check_target(url)


def test_another_database_of_the_same_server_will_do(tmp_path: Path) -> None:
    url = MONGO.replace("/podline", "/rebuilt")
    assert databases(tmp_path, MONGO).check_target(url) == url


@pytest.mark.parametrize(
    "url",
    ["", "rebuilt", "sqlite:///", "redis://host/1", "mongodb://", "mongodb://u:hush/slash@a/b"],
)
def test_what_names_no_database_is_refused_and_not_repeated(tmp_path: Path, url: str) -> None:
    with pytest.raises(InvalidTarget) as caught:
        databases(tmp_path).check_target(url)
    assert "hush" not in str(caught.value)
