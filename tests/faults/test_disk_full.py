"""A full disk stops nothing: submissions get 503, reads work, and everything resumes by itself."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from podline import Unavailable, Unreachable
from tests.faults.conftest import FAST
from tests.faults.load import Load
from tests.support.disks import KINDS, Kind, disk, kept_full
from tests.support.standalone import FREE_PORT, WORD_OF, Standalone, running
from tests.support.waiting import wait_until

MIB = 64
SETTINGS = FAST | FREE_PORT | {"PODLINE_DISK_RESERVE_MIB": "0"}
EVERY_PART = tuple(WORD_OF)
LARGE = "x" * 100_000
"""So that few submissions fill what is left of the database's log."""


@pytest.mark.parametrize(
    ("kind", "killed"),
    [
        pytest.param("tmpfs", (), id="tmpfs"),
        pytest.param("tmpfs", EVERY_PART, id="tmpfs, all killed", marks=pytest.mark.long),
        pytest.param("ext4", (), id="ext4", marks=pytest.mark.long),
        pytest.param("ext4", EVERY_PART, id="ext4, all killed", marks=pytest.mark.long),
        pytest.param("ext4", ("worker",), id="ext4, worker killed", marks=pytest.mark.long),
    ],
)
def test_the_disk_is_full_for_a_while(tmp_path: Path, kind: Kind, killed: Sequence[str]) -> None:
    with disk(kind, tmp_path, MIB) as place, running(Standalone(place, SETTINGS)) as standalone:
        parts = {name: standalone.child(name).pid for name in EVERY_PART}
        load = Load(standalone, how_many=16)
        load.wait_for_some(5)
        with kept_full(place):
            assert_refused(standalone, load)
            for part in killed:
                standalone.kill(part)
            wait_until_back(standalone, {name: parts[name] for name in killed})
            assert_refused(standalone, load)
            assert_readable(standalone, load)
        run_as_soon_as_there_is_space(standalone, load)
        load.assert_whole()
        for name in set(EVERY_PART) - set(killed):
            assert standalone.child(name).pid == parts[name], standalone.described()


def assert_refused(standalone: Standalone, load: Load) -> None:
    """Each response comes in time and names the reason, once the database's log is full."""
    for number in range(1000):
        started = time.monotonic()
        refusal = refused(standalone, load, number)
        if refusal is not None:
            assert time.monotonic() - started < 5
            assert "disk is full" in refusal
            return
    pytest.fail("the disk does not become full")


def refused(standalone: Standalone, load: Load, number: int) -> str | None:
    try:
        with standalone.client(retries=0) as client:
            accepted = client.submit(f"echo {number}", language="bash", stdin=LARGE)
    except Unavailable as error:
        return str(error)
    load.expect(accepted.id, f"{number}\n")
    return None


def wait_until_back(standalone: Standalone, before: dict[str, int]) -> None:
    for name, pid in before.items():
        wait_until(
            partial(is_another, standalone, name, pid), within=60, or_fail=standalone.described
        )
    wait_until(
        lambda: answering(standalone) >= {"redis", "runtime"},
        within=60,
        or_fail=standalone.described,
    )


def is_another(standalone: Standalone, name: str, pid: int) -> bool:
    return standalone.child(name).pid != pid


def answering(standalone: Standalone) -> set[str]:
    """The dependencies that the API reports as available; empty while it does not respond."""
    with suppress(OSError, Unreachable), standalone.client(retries=0) as client:
        dependencies = client.readiness().dependencies
        return {name for name, found in dependencies.items() if found.state == "up"}
    return set()


def assert_readable(standalone: Standalone, load: Load) -> None:
    """A result that was stored before, and lists."""
    client = standalone.client()
    known = {execution.id: execution for execution in client.list()}
    completed = next(id for id, execution in known.items() if execution.state == "completed")
    result = client.get(completed).result
    assert result is not None
    assert result.stdout == load.expected[completed]


def run_as_soon_as_there_is_space(standalone: Standalone, load: Load) -> None:
    with standalone.client() as client:
        execution = client.run("print('again')", language="python", timeout=60)
    assert execution.outcome == "success"
    load.expect(execution.id, "again\n")


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_up_waits_for_space(tmp_path: Path, kind: Kind) -> None:
    """It says so, and starts by itself."""
    with disk(kind, tmp_path, MIB) as place:
        podline = Path(sys.executable).with_name("podline")
        with kept_full(place):
            process = subprocess.Popen(
                [podline, "up", "--data-dir", place, "--port", "0"],
                env=os.environ | SETTINGS,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            assert process.stdout is not None
            assert "is full" in process.stdout.readline()
            assert process.poll() is None
        try:
            standalone = Standalone(place, SETTINGS)
            wait_until(lambda: "redis" in answering(standalone), within=60)
            assert standalone.client().run("print(1)", language="python").outcome == "success"
        finally:
            process.terminate()
            process.communicate(timeout=60)
        assert process.returncode == 0


CREATES = "open('a', 'wb').write(bytes(1000)); open('b', 'wb').write(b'second' * 200_000)"


@pytest.mark.long
def test_a_full_store_of_artifacts_is_no_fault_of_the_program(tmp_path: Path) -> None:
    """Everything else continues, and the attempt is not repeated."""
    (data := tmp_path / "data").mkdir(mode=0o700)
    with (
        disk("tmpfs", data, 2, name="blobs") as blobs,
        running(Standalone(data, SETTINGS)) as standalone,
        standalone.client() as client,
    ):
        with kept_full(blobs):
            execution = client.submit(CREATES, language="python", artifacts=["a", "b"])
            wait_until(lambda: client.get(execution.id).state == "finished", within=30)
            assert client.run("print('printed')", language="python").outcome == "success"
            wait_until(lambda: "No space left" in standalone.described(), within=60)
            assert client.get(execution.id).state == "finished"
        ended = client.wait(execution.id, timeout=60)
        assert (ended.state, ended.outcome, ended.attempt) == ("completed", "success", 1)
        assert client.artifact(execution.id, "b") == b"second" * 200_000
        assert len(list((blobs / execution.id).iterdir())) == 2
