"""The data folder: one `podline up` at a time, secrets for its owner only, bounded logs."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli.up import folder, logs
from app.cli.up.errors import UpError
from app.cli.up.run import check_data
from app.settings import Settings

HOLDER = """
import pathlib, signal, sys
from app.cli.up.folder import held
with held(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    signal.pause()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the data folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_second_one_is_refused_and_told_who_holds_it(
    tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    with (
        pytest.raises(UpError, match=rf"already running on .* \(pid {holder.pid}\)"),
        folder.held(tmp_path),
    ):
        pass


def test_the_refusal_names_the_command_that_holds_it(tmp_path: Path) -> None:
    with (
        folder.held(tmp_path, command="podline host"),
        pytest.raises(UpError, match=rf"^podline host is already running .* \(pid {os.getpid()}\)"),
        folder.held(tmp_path),
    ):
        pass


def test_a_killed_one_holds_it_no_longer(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.wait()
    with folder.held(tmp_path):
        assert (tmp_path / "up.lock").read_text() == f"{os.getpid()} podline up"


def test_it_can_be_held_one_after_the_other(tmp_path: Path) -> None:
    for _ in range(2):
        with folder.held(tmp_path):
            pass


def test_nobody_else_may_enter(tmp_path: Path) -> None:
    with folder.held(tmp_path / "new" / "data"):
        assert mode(tmp_path / "new" / "data") == 0o700


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    reason = r"can't create .*file/data: Not a directory"
    with pytest.raises(UpError, match=reason), folder.held(tmp_path / "file" / "data"):
        pass


def test_what_was_left_open_is_closed(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "logs").mkdir(parents=True)
    (data / "logs" / "api.log").touch()
    for path in (data, *data.rglob("*")):
        path.chmod(0o777)
    with folder.held(data):
        assert {mode(path) for path in (data, data / "logs", data / "run")} == {0o700}
        assert mode(data / "logs" / "api.log") == 0o700


def test_a_secret_that_was_not_finished_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "secret.new").write_text("ha")
    assert len(folder.kept_secret(tmp_path / "secret")) > 20


def test_a_secret_is_made_once_and_is_its_owners(tmp_path: Path) -> None:
    secret = folder.kept_secret(tmp_path / "secret")
    assert len(secret) > 20
    assert folder.kept_secret(tmp_path / "secret") == secret
    assert mode(tmp_path / "secret") == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["secret"]


def test_a_large_log_is_moved_while_a_child_writes_to_it(tmp_path: Path) -> None:
    log = tmp_path / "child.log"
    child = logs.open_log(log)
    os.write(child, b"old\n" * 100)
    assert logs.rotate(log, max_bytes=100)
    os.write(child, b"new\n")
    os.close(child)
    assert log.read_text() == "new\n"
    assert (tmp_path / "child.log.1").read_text() == "old\n" * 100


def test_a_small_log_stays(tmp_path: Path) -> None:
    log = tmp_path / "child.log"
    log.write_text("short")
    assert not logs.rotate(log, max_bytes=100)
    assert log.read_text() == "short"


def test_a_damaged_database_is_reported_before_the_children_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "podline.db").write_bytes(b"no database" * 1_000)
    check_data(Settings(data_dir=tmp_path))
    assert "The database is unavailable: " in caplog.text
    assert "file is not a database" in caplog.text
    assert "event log" not in caplog.text
