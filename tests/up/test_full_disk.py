"""What `podline up` itself writes when the disk is full; tests/faults covers the rest."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from app.cli.up import leftovers, logs, worker_ready
from app.cli.up.instance import Instance
from app.cli.up.report import UpReport, full
from tests.support.disks import KINDS, Kind, disk, kept_full
from tests.support.waiting import wait_until
from tests.up.test_supervisor import STEADY, Supervised

FULL = Path("/dev/full")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    with disk("tmpfs", tmp_path, 1) as place:
        yield place


def test_the_last_record_stays(place: Path) -> None:
    record = place / "children.json"
    leftovers.record(record, [os.getpid()])
    before = record.read_bytes()
    with kept_full(place), pytest.raises(OSError, match="No space left"):
        leftovers.record(record, [os.getpid(), os.getppid()])
    assert record.read_bytes() == before


def recorded(path: Path) -> list[int]:
    return [pid for pid, _ in json.loads(path.read_text())] if path.exists() else []


def test_children_are_started_and_recorded_later(tmp_path: Path) -> None:
    """The record's folder takes no file at first."""
    (tmp_path / "children.json.new").mkdir()
    supervised = Supervised(tmp_path, {"one": {"code": STEADY}})
    try:
        pid = supervised.pids()["one"]
        (tmp_path / "children.json.new").rmdir()
        os.kill(pid, 9)
        wait_until(lambda: recorded(tmp_path / "children.json") not in ([], [pid]))
    finally:
        supervised.stop()
        supervised.process.communicate(timeout=60)


def test_a_large_log_is_emptied_where_no_copy_fits(place: Path) -> None:
    log = place / "child.log"
    log.write_bytes(b"line\n" * 40_000)
    with kept_full(place):
        assert logs.rotate(log, max_bytes=100)
        assert log.stat().st_size == 0
        assert not (place / "child.log.1").exists()


def test_a_large_log_is_emptied_where_something_else_has_the_name_of_its_copy(
    tmp_path: Path,
) -> None:
    log = tmp_path / "child.log"
    log.write_bytes(b"line\n" * 100)
    (tmp_path / "child.log.1").mkdir()
    assert logs.rotate(log, max_bytes=100)
    assert log.stat().st_size == 0


WRITES = """
import os, sys, time
from pathlib import Path
Path(sys.argv[1] + ".ready").write_text(str(os.getpid()))
while True:
    try:
        print("line", flush=True)
    except OSError:
        Path("../failed").touch()
    time.sleep(0.01)
"""


@pytest.mark.long
def test_logs_are_written_again_once_there_is_space(tmp_path: Path) -> None:
    with disk("ext4", tmp_path, 16) as place:
        log = place / "one.log"
        supervised = Supervised(place, {"one": {"code": WRITES}})
        try:
            pids = supervised.pids()
            with kept_full(place):
                wait_until((tmp_path / "failed").exists)
            full = log.stat().st_size
            wait_until(lambda: log.stat().st_size > full)
            assert supervised.process.poll() is None
            assert leftovers.start_time(pids["one"]) is not None
        finally:
            supervised.stop()
            supervised.process.communicate(timeout=60)


@pytest.mark.long
def test_a_log_that_cannot_be_emptied_ends_no_child(tmp_path: Path) -> None:
    with disk("ext4", tmp_path, 16) as place:
        log = place / "one.log"
        log.write_bytes(bytes(logs.MAX_BYTES + 1))
        subprocess.run(["chattr", "+i", log], check=True)
        try:
            supervised = Supervised(place, {"one": {"code": STEADY}})
            try:
                supervised.pids()
                subprocess.run(["chattr", "-i", log], check=True)
                wait_until(lambda: log.stat().st_size == 0)
            finally:
                supervised.stop()
                supervised.process.communicate(timeout=60)
        finally:
            subprocess.run(["chattr", "-i", log], check=True)


def test_a_log_that_cannot_be_made_is_done_without(tmp_path: Path) -> None:
    log = logs.open_log(tmp_path / "nowhere" / "child.log")
    assert os.readlink(f"/proc/self/fd/{log}") == os.devnull
    os.close(log)


def test_the_report_is_lost_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    instance = Instance(Path("/data"), 1, 2, "podline", "secret", "the password is in a file")
    # Closing it fails, too.
    with suppress(OSError), FULL.open("w", buffering=1) as out:
        monkeypatch.setattr(sys, "stdout", out)
        for terminal in (True, False):
            report = UpReport(instance, terminal=terminal)
            report.starting()
            report.ready([])
            report.stopping()
        full(Path("/data"))
        monkeypatch.undo()


@pytest.mark.parametrize("kind", KINDS)
def test_a_worker_reports_that_it_is_ready(
    tmp_path: Path, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    with disk(kind, tmp_path, 4) as place, kept_full(place):
        monkeypatch.setenv(worker_ready.VARIABLE, str(place / "worker-ready"))
        for _ in range(2):
            worker_ready._report()
            assert worker_ready.pid_in(place / "worker-ready") == os.getpid()


def test_a_worker_that_cannot_report_that_it_is_ready_tries_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = tmp_path / "later" / "worker-ready"
    monkeypatch.setenv(worker_ready.VARIABLE, str(ready))
    worker_ready._report()
    assert worker_ready.pid_in(ready) is None
    ready.parent.mkdir()
    wait_until(lambda: worker_ready.pid_in(ready) == os.getpid())


def test_a_line_of_the_log_is_lost_and_nothing_else() -> None:
    log = "import logging; from app import logs; logs.configure('text', 'info', 'api')\n"
    log += "for _ in range(5000): logging.info('a line')\n"
    with FULL.open("w") as stderr:
        run = subprocess.run([sys.executable, "-c", log], stderr=stderr, check=False)
    # 120: what was left in Python's own buffer could not be written at exit.
    assert run.returncode in (0, 120)


def test_a_bug_in_a_line_of_the_log_is_still_shown(capfd: pytest.CaptureFixture[str]) -> None:
    log = "import logging; from app import logs; logs.configure('text', 'info', 'api')\n"
    log += "logging.info('%d', 'no number')\n"
    subprocess.run([sys.executable, "-c", log], check=True)
    assert "Logging error" in capfd.readouterr().err
