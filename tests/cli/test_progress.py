"""The spinner, on a pseudo-terminal."""

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from select import select
from time import monotonic

import pytest

from app.service.admission import entry_of
from tests.support.service import Service

EXPECTED = b"queued, queue position 3 (estimated)"
SECONDS = 30


@pytest.mark.usefixtures("podline")
def test_the_place_in_the_queue_is_shown_on_a_terminal(service: Service) -> None:
    service.runs_nothing()
    executions = [service.twins.submit() for _ in range(3)]
    service.twins.admission.enter([entry_of(execution) for execution in executions])
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", "from app.cli import main; main()", "watch", executions[2].id]
    path = {"PYTHONPATH": str(Path(__file__).parents[2]), "TERM": "xterm", "COLUMNS": "80"}
    with subprocess.Popen(command, stderr=theirs, env=os.environ | path) as watching:
        os.close(theirs)
        shown = b""
        deadline = monotonic() + SECONDS
        while EXPECTED not in shown and select([ours], [], [], max(0, deadline - monotonic()))[0]:
            shown += os.read(ours, 1024)
        watching.send_signal(signal.SIGINT)
    os.close(ours)
    assert EXPECTED in shown
    assert watching.returncode == 130
