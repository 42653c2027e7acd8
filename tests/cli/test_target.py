"""Which service a command calls, and to which service it sends which key."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import main
from app.cli.failure import explained
from app.cli.target import NoService, Target, find_target
from podline import Problem
from podline.errors import error_of
from tests.support.service import Service

OWN = "http://127.0.0.1:8123"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    (tmp_path / "url").write_text(f"{OWN}\n")
    (tmp_path / "key").write_text("kept\n")
    return tmp_path


def test_beside_podline_up_nothing_has_to_be_said(data_dir: Path) -> None:
    assert find_target(None, None, data_dir) == Target(OWN, "kept")


def test_what_is_said_goes_first(data_dir: Path) -> None:
    assert find_target("https://far", "mine", data_dir) == Target("https://far", "mine")
    assert find_target(None, "mine", data_dir) == Target(OWN, "mine")


def test_the_kept_key_is_shown_to_its_own_service_only(data_dir: Path) -> None:
    assert find_target(f"{OWN}/", None, data_dir) == Target(f"{OWN}/", "kept")
    assert find_target("https://far", None, data_dir) == Target("https://far", None)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("args", "code"), [(["list"], 1), (["list", "--key", "mine"], 1), (["run", __file__], 125)]
)
def test_without_a_data_folder_no_other_service_is_asked(args: list[str], code: int) -> None:
    done = CliRunner().invoke(main, args)
    assert (done.exit_code, done.stdout) == (code, "")
    assert done.stderr.startswith("podline: the data folder .podline does not exist. Start ")


def test_a_data_folder_without_a_service(tmp_path: Path) -> None:
    with pytest.raises(NoService, match="contains no service"):
        find_target(None, None, tmp_path)
    (tmp_path / "url").touch()
    with pytest.raises(NoService, match="unreadable or empty url file"):
        find_target(None, None, tmp_path)
    (tmp_path / "url").unlink()
    (tmp_path / "url").mkdir()
    with pytest.raises(NoService, match=r"can't be read \(Is a directory\)"):
        find_target(None, None, tmp_path)


def test_a_service_that_is_named_needs_no_data_folder(tmp_path: Path) -> None:
    assert find_target("http://far", None, tmp_path / "none") == Target("http://far", None)


def test_the_environment_stands_for_options(
    service: Service, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not list(folder.iterdir())
    monkeypatch.setenv("PODLINE_URL", service.url)
    monkeypatch.setenv("PODLINE_KEY", service.key)
    assert CliRunner().invoke(main, ["languages"]).exit_code == 0


@pytest.mark.usefixtures("folder")
def test_what_to_do_without_a_key(service: Service) -> None:
    done = CliRunner().invoke(main, ["languages", "--url", service.url])
    assert done.exit_code == 1
    assert "--key or PODLINE_KEY" in done.stderr


@pytest.mark.usefixtures("folder")
def test_a_url_that_is_none() -> None:
    done = CliRunner().invoke(main, ["run", __file__, "--url", "nonsense"])
    assert (done.exit_code, done.stderr.count("\n")) == (125, 1)
    assert "http://host:8000" in done.stderr


@pytest.mark.parametrize("path", ["/api/v1", "/nothing"])
def test_what_to_do_about_a_url_with_a_path(service: Service, path: str) -> None:
    done = CliRunner().invoke(main, ["list", "--url", service.url + path, "--key", service.key])
    assert (done.exit_code, done.stdout) == (1, "")
    assert "Does --url or PODLINE_URL name a service of Podline, without a path" in done.stderr


def test_an_execution_that_does_not_exist_is_no_wrong_url(service: Service) -> None:
    done = CliRunner().invoke(main, ["get", "01J", "--url", service.url, "--key", service.key])
    assert "--url" not in done.stderr


def test_what_another_server_says_may_end_with_a_full_stop() -> None:
    error = error_of(Problem(status=404, title="Not Found", detail="Try again."))
    assert explained(error).startswith("Not Found: Try again. Does --url ")
