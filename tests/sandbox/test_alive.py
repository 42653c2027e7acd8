"""The probe of the daemon in compose/: one that hangs still accepts connections."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from sandbox.alive import answers
from tests.support.sandbox_daemon import SandboxDaemon


def probe(socket: Path) -> tuple[int, str]:
    command = [sys.executable, "-m", "sandbox.alive", str(socket)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def test_a_daemon_that_hangs_does_not_answer(sandbox: SandboxDaemon) -> None:
    assert probe(sandbox.socket) == (0, "")
    os.kill(sandbox.pid, signal.SIGSTOP)
    try:
        assert not answers(sandbox.socket, timeout=0.1)
    finally:
        os.kill(sandbox.pid, signal.SIGCONT)
    assert answers(sandbox.socket)


def test_a_daemon_that_is_not_there_does_not_answer(tmp_path: Path) -> None:
    status, message = probe(tmp_path / "none.sock")
    assert status == 1
    assert message == f"the sandbox daemon at {tmp_path}/none.sock does not answer\n"
