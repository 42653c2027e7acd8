"""The units of systemd that pages show: systemd accepts them, and their commands exist."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.support.markdown import DOCS, PAGES, CodeBlock, code_blocks

BIN: Final = "/opt/podline/.venv/bin/"
VERIFY: Final = shutil.which("systemd-analyze")
SHOWN: Final = [block for page in PAGES for block in code_blocks(page, "ini")]
UNITS: Final = [block for block in SHOWN if "ExecStart=" in block.text]  # a timer starts another
FOR: Final = ("podline up", "podline host", "podline sandbox", "celery -A tasks worker", "sh -c")


def command(unit: CodeBlock) -> str:
    (found,) = re.findall(r"^ExecStart=(.*)$", unit.text, re.M)
    return str(found)


def test_each_part_has_one() -> None:
    names = [command(unit).removeprefix(BIN).removeprefix("/bin/") for unit in UNITS]
    assert {word for word in FOR for name in names if name.startswith(word)} == set(FOR)


@pytest.mark.long
@pytest.mark.skipif(VERIFY is None, reason="needs systemd-analyze")
@pytest.mark.parametrize("unit", UNITS, ids=command)
def test_systemd_accepts_it(unit: CodeBlock, tmp_path: Path) -> None:
    file = tmp_path / "unit.service"
    file.write_text(unit.text.replace(BIN, f"{Path(sys.executable).parent}/"))
    done = subprocess.run(
        [str(VERIFY), "verify", file], capture_output=True, text=True, check=False
    )
    assert (done.returncode, complaints(done.stderr, file)) == (0, [])


def complaints(printed: str, file: Path) -> list[str]:
    """What is about this unit, and not about others of this machine."""
    return [line for line in printed.splitlines() if str(file) in line or "unit.service" in line]


LEFT_OUT: Final = re.compile(r"^\| (`\w+`(?:, `\w+`)*) \| [^|]+ \|$", re.M)
FOR_THE_DAEMON_ALONE: Final = {"IPAddressDeny"}
"""It needs no network, but the API does."""


@pytest.mark.parametrize("unit", UNITS, ids=command)
def test_one_that_makes_jails_has_what_they_need_and_tells_systemd(unit: CodeBlock) -> None:
    if not command(unit).startswith(f"{BIN}podline "):
        return
    given = set(re.findall(r"^(\w+)=", unit.text, re.M))
    page = (DOCS / "deployment.md").read_text()
    page = page[page.index("These directives are left out") :]
    left_out = {name for row in LEFT_OUT.findall(page) for name in re.findall(r"\w+", row)}
    assert "RestrictNamespaces" in left_out
    assert given & left_out <= FOR_THE_DAEMON_ALONE
    assert "Type=notify" in unit.text
    assert given >= {"Delegate", "WatchdogSec", "NoNewPrivileges", "TasksMax", "LimitNOFILE"}


def test_a_worker_that_hangs_is_restarted_and_one_that_starts_is_not(tmp_path: Path) -> None:
    (watch,) = (command(unit) for unit in UNITS if command(unit).startswith("/bin/sh -c "))
    script = watch.removeprefix("/bin/sh -c ").strip("'").replace("$$", "$")
    script = script.replace("/run/podline-worker", str(tmp_path)).replace("systemctl", "echo")

    def restarts() -> bool:
        done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
        return done.stdout == "restart podline-worker\n"

    assert not restarts(), "it has no heartbeat yet"
    heartbeat = tmp_path / "heartbeat"
    heartbeat.touch()
    assert not restarts()
    subprocess.run(["touch", "-d", "-90 seconds", heartbeat], check=True)
    assert restarts()
