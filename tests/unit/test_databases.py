"""Targets of a rebuild: files in one folder, or a MongoDB that is not the service's."""

import stat
from pathlib import Path

import pytest

from app.domain.errors import InvalidTarget
from app.settings import Settings, SettingsError
from app.wiring.stores import Databases, make_store
from tests.support.builders import accepted

MONGO = "mongodb://podline:hush@a,b/podline"


def databases(folder: Path, database_url: str | None = None) -> Databases:
    own = database_url or f"sqlite:///{folder}/podline.db"
    return Databases(Settings(data_dir=folder, database_url=own))


def test_a_file_is_made_and_holds_what_was_written(tmp_path: Path) -> None:
    here = databases(tmp_path)
    url = here.check_target("sqlite:///rebuilt.db")
    assert url == f"sqlite:///{tmp_path}/replays/rebuilt.db"
    new = accepted()
    with here.open(url) as store:
        assert store.executions.insert(*new)
    with here.open(url) as store:
        assert store.executions.get(new[0].id) == new[0]


def test_the_folder_is_its_owners(tmp_path: Path) -> None:
    here = databases(tmp_path)
    with here.open(here.check_target("sqlite:///rebuilt.db")) as store:
        store.ping()
    assert stat.S_IMODE((tmp_path / "replays").stat().st_mode) == 0o700


def test_the_folder_is_a_setting(tmp_path: Path) -> None:
    here = Databases(Settings(data_dir=tmp_path / "data", replay_dir=tmp_path / "elsewhere"))
    url = f"sqlite:///{tmp_path}/elsewhere/rebuilt.db"
    assert here.check_target(url) == here.check_target("sqlite:///rebuilt.db") == url


@pytest.mark.parametrize(
    "path",
    [
        "{}/rebuilt.db",
        "/etc/rebuilt.db",
        "../rebuilt.db",
        "../../rebuilt.db",
        "{}/replays/../rebuilt.db",
        "link.db",
        "missing/rebuilt.db",
        ".",
        "..",
        "%2e%2e/rebuilt.db",
        "../replays-of-others/rebuilt.db",
    ],
)
def test_a_file_anywhere_else_is_refused(tmp_path: Path, path: str) -> None:
    (tmp_path / "replays").mkdir()
    (tmp_path / "replays" / "link.db").symlink_to(tmp_path / "other.db")
    with pytest.raises(InvalidTarget, match=rf"must be a file in {tmp_path}/replays"):
        databases(tmp_path).check_target(f"sqlite:///{path.format(tmp_path)}")


def test_a_target_of_an_older_version_is_refused_when_it_is_opened(tmp_path: Path) -> None:
    """The error has the reason. Otherwise, the replay would wait in vain."""
    url = f"sqlite:///{tmp_path}/missing/rebuilt.db"
    with pytest.raises(InvalidTarget, match="must be a file in"), databases(tmp_path).open(url):
        pass


def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "replays").touch()
    here = databases(tmp_path)
    url = here.check_target("sqlite:///rebuilt.db")
    with pytest.raises(InvalidTarget, match=r"can't create .*replays: File exists"), here.open(url):
        pass


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


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("mongodb://u:hush@a/db?foo=bar", "has a wrong option: Unknown option: foo;"),
        ("mongodb://u:hush@a/db?connectTimeoutMS=abc", "connecttimeoutms must be an integer"),
        ("mongodb+srv://u:hush@a/db?tls=maybe", "value of tls must be 'true' or 'false'"),
        ("mongodb://u:hu%zsh:hush@a/db", "percent-encoded"),
        ("mongodb://u:hu/hush@a/db", "percent-encoded"),
        ("mongodb://u:hu?hush=1@a/db", "percent-encoded"),
        ("mongodb://u:hush@a/d b", "must be mongodb://<host>/<database>"),
    ],
)
def test_a_url_that_pymongo_would_refuse_is_a_wrong_setting(url: str, reason: str) -> None:
    with pytest.raises(SettingsError) as raised:
        make_store(Settings(database_url=url))
    assert str(raised.value).startswith("wrong setting: PODLINE_DATABASE_URL: ")
    assert reason in str(raised.value)
    assert "hush" not in str(raised.value)


@pytest.mark.parametrize("scheme", ["mongodb", "mongodb+srv"])
def test_a_url_is_checked_without_files_and_servers(scheme: str) -> None:
    url = f"{scheme}://u:p%40ss@db.invalid/podline?tls=true&tlsCAFile=/nowhere/ca.pem"
    make_store(Settings(database_url=url)).close()


def test_a_target_with_a_wrong_option_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidTarget, match="Unknown option: foo"):
        databases(tmp_path, MONGO).check_target("mongodb://a/rebuilt?foo=bar")
    with pytest.raises(InvalidTarget, match="/nowhere"):
        databases(tmp_path, MONGO).check_target("mongodb://a/rebuilt?tlsCAFile=/nowhere")
