"""`make up`: what it runs, and what users see during the installation."""

import os
import pty
import re
import shutil
import signal
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest

from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[2]
STEP = str(ROOT / ".ci/step")

needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def make_up(*variables: str) -> str:
    """The commands that it would run, with everything installed."""
    return subprocess.run(
        [
            "make",
            "--no-print-directory",
            "--dry-run",
            "--assume-old=.venv/standalone",
            "up",
            *variables,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_it_installs_what_each_command_needs() -> None:
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    extras = setup["options.extras_require"]
    for each in ("server", "sandbox", "mcp"):
        assert set(extras[each].split("\n")) <= set(extras["standalone"].split("\n"))


@needs_make
def test_the_port_is_passed_on() -> None:
    assert make_up("PORT=9000").strip().endswith("podline up --port '9000'")
    assert make_up().strip().endswith("podline up")


def step(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [STEP, "Installing", "sh", "-c", script],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_step_shows_that_it_began_and_that_it_ended() -> None:
    done = step("echo much output")
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == "Installing …"
    assert done.stdout.splitlines()[-1].startswith("Installing: done in ")
    assert "much" not in done.stdout


def test_a_long_step_shows_time_and_last_line() -> None:
    done = step("echo '  Collecting celery'; sleep 3", STEP_SECONDS="1")
    assert re.search("^Installing, [1-9] s: Collecting celery$", done.stdout, re.MULTILINE)


def test_what_prints_nothing_has_no_last_line() -> None:
    done = step("sleep 3", STEP_SECONDS="1")
    assert re.search("^Installing, [1-9] s$", done.stdout, re.MULTILINE)


def test_a_failed_step_keeps_its_status_and_shows_everything() -> None:
    done = step("echo the reason; exit 3")
    assert done.returncode == 3
    assert "failed after" in done.stdout
    assert done.stderr == "the reason\n"


def test_on_a_terminal_one_line_is_kept_up_to_date() -> None:
    ours, theirs = pty.openpty()
    subprocess.run([STEP, "Installing", "sh", "-c", "echo now; sleep 2"], stdout=theirs, check=True)
    os.close(theirs)
    shown = os.read(ours, 65536).decode()
    os.close(ours)
    assert re.search("\r\x1b\\[KInstalling, [0-9]+ s: now", shown)
    assert shown.count("\n") == 1


def test_ctrl_c_ends_the_command_too(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    command = [STEP, "Installing", "sh", "-c", f"echo $$ >{pid_file}; exec sleep 60"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        wait_until(lambda: pid_file.exists() and pid_file.read_text().endswith("\n"))
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)
