"""Runs commands as separate processes, on a real terminal if a test asks for one."""

import os
import pty
import subprocess
import sys
import tty
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

PODLINE = (sys.executable, "-c", "from app.entry import main; main()")


def environment(**more: str) -> dict[str, str]:
    """The environment of a process that finds this code from any folder."""
    path = {"PYTHONPATH": str(Path(__file__).parents[2]), "TERM": "xterm", "COLUMNS": "80"}
    return os.environ | path | more


def start(
    *args: str,
    there: Mapping[str, str],
    under: Sequence[str] = (),
    stdin: int = subprocess.DEVNULL,
    stdout: int | IO[bytes] = subprocess.PIPE,
) -> subprocess.Popen[bytes]:
    """Start the command.

    `under` is a program that starts it; `there` is the environment that names the service.
    """
    return subprocess.Popen(
        [*under, *PODLINE, *args],
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.PIPE,
        env=environment(**there),
    )


def on_a_terminal(*args: str, spinner: bool = True, **more: str) -> tuple[int, bytes]:
    """Return the exit code and everything that reached the terminal, which is stdin, stdout and
    stderr; without `spinner`, it is not stderr.
    """
    ours, theirs = pty.openpty()
    tty.setraw(theirs)  # it would turn each newline into CR LF
    with subprocess.Popen(
        [*PODLINE, *args],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs if spinner else subprocess.DEVNULL,
        env=environment(**more),
    ) as process:
        os.close(theirs)
        shown = bytearray()
        while chunk := _read(ours):
            shown += chunk
    os.close(ours)
    return process.returncode, bytes(shown)


def _read(terminal: int) -> bytes:
    """Read the output. Returns nothing once no process has the other end open (EIO on Linux)."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


def through_a_shell(script: str, *args: str, **more: str) -> subprocess.CompletedProcess[bytes]:
    """Run a script with `podline` as a function and the arguments as $1, $2 …"""
    prelude = 'podline() { "$PYTHON" -c "from app.entry import main; main()" "$@"; }; '
    return subprocess.run(
        ["bash", "-c", prelude + script, "bash", *args],
        capture_output=True,
        env=environment(PYTHON=sys.executable, **more),
        timeout=60,
    )
