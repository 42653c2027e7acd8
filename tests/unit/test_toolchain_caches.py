"""Filling caches: several daemons at once, and daemons that are stopped meanwhile."""

import logging
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest

from sandbox.toolchains import caches
from tests.support.waiting import wait_until

COUNTED = ("/bin/sh", "-c", "echo run >> runs")
HANGS = ("/bin/sh", "-c", "echo run >> runs; sleep 100")
ENV = {"PATH": "/usr/bin:/bin"}
FILL = """
import sys
from pathlib import Path
from sandbox.toolchains.caches import Filler
print(Filler().fill(Path(sys.argv[1]), "1", ("/bin/sh", "-c", "echo run >> runs; sleep 0.2"), {}))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    caches.make(tmp_path / "caches" / "toy-1")
    return tmp_path / "caches" / "toy-1"


def runs(folder: Path) -> int:
    file = folder / "runs"
    return len(file.read_text().splitlines()) if file.exists() else 0


def interrupt(folder: Path, made_by: str) -> None:
    """Fill as a daemon that is stopped in the middle."""
    filler, before = caches.Filler(), runs(folder)
    thread = Thread(target=filler.fill, args=[folder, made_by, HANGS, ENV], daemon=True)
    thread.start()
    wait_until(lambda: runs(folder) > before)
    filler.stop()
    thread.join(20)
    assert not thread.is_alive()


def test_of_several_daemons_one_fills_and_the_others_use_it(folder: Path) -> None:
    daemons = [
        subprocess.Popen([sys.executable, "-c", FILL, folder], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert [daemon.communicate(timeout=60)[0] for daemon in daemons] == ["True\n"] * 4
    assert runs(folder) == 1


def test_an_interrupted_one_is_continued(folder: Path) -> None:
    for _ in range(2):
        interrupt(folder, "1")
    assert caches.Filler().fill(folder, "1", COUNTED, ENV)
    assert runs(folder) == 3
    assert caches.Filler().fill(folder, "1", COUNTED, ENV)
    assert runs(folder) == 3


def test_another_version_s_is_thrown_away_whether_finished_or_not(folder: Path) -> None:
    interrupt(folder, "1")
    assert caches.Filler().fill(folder, "2", COUNTED, ENV)
    assert runs(folder) == 1
    assert caches.Filler().fill(folder, "3", COUNTED, ENV)
    assert runs(folder) == 1


def test_a_command_that_fails_begins_anew_the_next_time(folder: Path) -> None:
    """It may fail because of what it finds."""
    interrupt(folder, "1")
    assert not caches.Filler().fill(folder, "1", ("/bin/sh", "-c", "exit 3"), ENV)
    assert caches.Filler().fill(folder, "1", COUNTED, ENV)
    assert runs(folder) == 1


def test_one_that_others_could_write_to_is_not_continued(folder: Path) -> None:
    interrupt(folder, "1")
    folder.chmod(0o777)
    caches.make(folder)
    assert caches.Filler().fill(folder, "1", COUNTED, ENV)
    assert runs(folder) == 1


def test_a_daemon_that_waits_for_another_says_so(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    first, second = caches.Filler(), caches.Filler()
    filling = Thread(target=first.fill, args=[folder, "1", HANGS, ENV], daemon=True)
    filling.start()
    wait_until(lambda: runs(folder) == 1)
    waiting = Thread(target=second.fill, args=[folder, "1", COUNTED, ENV], daemon=True)
    waiting.start()
    wait_until(lambda: f"{folder} is being filled by another daemon" in caplog.messages)
    first.stop()
    for thread in (filling, waiting):
        thread.join(20)
        assert not thread.is_alive()
    assert runs(folder) == 2
