"""Filling caches: several daemons at once, and daemons that are stopped meanwhile."""

import logging
import os
import subprocess
import sys
from collections.abc import Callable
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
from collections.abc import Callable
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
    thread.join(60)
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
        thread.join(60)
        assert not thread.is_alive()
    assert runs(folder) == 2


def made_long_ago(include: Path) -> None:
    """Nothing that is made from it now can have been made before its last change."""
    os.utime(include, (1, 1))


@pytest.fixture
def header(tmp_path: Path) -> Path:
    (tmp_path / "include").mkdir()
    (tmp_path / "include" / "vector").write_text("template")
    made_long_ago(tmp_path / "include")
    return tmp_path / "include" / "vector"


def made_from(header: Path) -> tuple[str, ...]:
    return ("/bin/sh", "-c", f"echo run >> runs; echo {header} > made-from; echo x > vector.gch")


@pytest.mark.parametrize(
    "change",
    [
        lambda header, _: header.write_text("another"),
        lambda header, _: os.utime(header, (1, 1)),
        lambda header, _: header.unlink(),
        lambda _, folder: (folder / "vector.gch").write_text(""),
        lambda _, folder: (folder / "vector.gch").unlink(),
        lambda _, folder: (folder / "more").touch(),
    ],
)
def test_one_is_made_again_if_its_sources_or_its_own_files_changed(
    folder: Path, header: Path, change: Callable[[Path, Path], object]
) -> None:
    command = made_from(header)
    for _ in range(2):
        assert caches.Filler().fill(folder, "1", command, ENV)
    assert runs(folder) == 1

    change(header, folder)
    made_long_ago(header.parent)

    assert caches.Filler().fill(folder, "1", command, ENV)
    assert runs(folder) == 1, "it is emptied before"
    assert (folder / "vector.gch").read_text() == "x\n"
    assert not (folder / "more").exists()


def test_one_whose_sources_change_while_it_is_made_is_not_used(
    folder: Path, header: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shell, _, script = made_from(header)
    command = (shell, "-c", f"{script}; touch {header.parent}/new")

    assert not caches.Filler().fill(folder, "1", command, ENV)
    assert "its sources changed meanwhile" in caplog.text
    made_long_ago(header.parent)
    assert caches.Filler().fill(folder, "1", made_from(header), ENV)
