"""The spinner, on a pseudo-terminal."""

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.fake_answers import MOMENT
from tests.support.fake_service import FakeService


@pytest.mark.usefixtures("podline")
def test_the_place_in_the_queue_is_shown_on_a_terminal(service: FakeService) -> None:
    execution = service.add_execution(queue_position=3)
    queued = {"state": "queued", "version": 1, "attempt": 0, "time": MOMENT, "message": None}
    service.stream_events = [("state", queued)]
    service.holds_streams = True
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", "from app.cli import main; main()", "watch", execution["id"]]
    path = {"PYTHONPATH": str(Path(__file__).parents[2]), "TERM": "xterm", "COLUMNS": "80"}
    with subprocess.Popen(command, stderr=theirs, env=os.environ | path) as watching:
        os.close(theirs)
        shown = b""
        while b"queued, queue position 3 (estimated)" not in shown:
            shown += os.read(ours, 1024)
        watching.send_signal(signal.SIGINT)
    os.close(ours)
    assert watching.returncode == 130
