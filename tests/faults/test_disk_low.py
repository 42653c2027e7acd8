"""A disk that is nearly full gets no new work. What runs is stored, and all resumes by itself."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from podline import Client, Unavailable
from tests.faults.conftest import FAST
from tests.support.disks import disk
from tests.support.standalone import FREE_PORT, Standalone, running
from tests.support.waiting import wait_until

MIB = 1024 * 1024
RESERVE = 20
SETTINGS = FAST | FREE_PORT | {"PODLINE_MAX_RUNNING": "1", "PODLINE_DISK_RESERVE_MIB": str(RESERVE)}
PRINTED = 200_000
PRINTS_LATE = f"sleep 5; head -c {PRINTED} /dev/zero | tr '\\0' x"


@contextmanager
def filled(place: Path, left: int) -> Iterator[None]:
    """Leave that many bytes free, at most, until the context ends.

    The blocks are allocated at once. Those of written data are counted twice for a moment while
    the kernel writes them back, so the disk would seem to be fuller than it is.
    """
    filler = place / "filler"
    with filler.open("wb") as file:
        while (more := free_bytes(place) - left) > 0:
            os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, more)
    yield
    filler.unlink()


def free_bytes(place: Path) -> int:
    found = os.statvfs(place)
    return found.f_bavail * found.f_frsize


def podline(standalone: Standalone, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [str(Path(sys.executable).with_name("podline")), *arguments]
    command += ["--data-dir", str(standalone.data_dir)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.long
def test_the_disk_is_nearly_full_for_a_while(tmp_path: Path) -> None:
    with (
        disk("ext4", tmp_path, 100) as place,
        running(Standalone(place, SETTINGS)) as standalone,
        standalone.client(retries=0) as client,
    ):
        runs = client.submit(PRINTS_LATE, language="bash", limits={"wall_seconds": 60})
        waits = client.submit("echo at last", language="bash")
        wait_until(lambda: client.get(runs.id).state == "running", or_fail=standalone.described)
        with filled(place, left=(RESERVE - 5) * MIB):
            assert_refused(client)
            wait_until(lambda: everyone_knows(standalone))
            assert_named(standalone)
            ended = client.wait(runs.id, timeout=120)
            assert ended.outcome == "success"
            assert ended.result is not None
            assert ended.result.stdout_size == PRINTED
            assert_refused(client)
            assert client.get(waits.id).state == "queued"
        assert client.run("echo again", language="bash", timeout=60).outcome == "success"
        assert client.wait(waits.id, timeout=60).outcome == "success"
        wait_until(lambda: client.readiness().dependencies["disk"].state == "up")


def assert_refused(client: Client) -> None:
    with pytest.raises(Unavailable) as refused:
        client.submit("echo no", language="bash")
    assert refused.value.problem.type == "urn:podline:problem:disk-low"
    assert refused.value.problem.retry_after == 10


def everyone_knows(standalone: Standalone) -> bool:
    """Whether each process of the API has looked by now: it does once a second.

    The kernel gives each connection to any of them.
    """
    return all(is_named(standalone) for _ in range(12))


def is_named(standalone: Standalone) -> bool:
    with standalone.client(retries=0) as client:
        readiness = client.readiness()
    return (readiness.status, readiness.dependencies["disk"].state) == ("degraded", "down")


def assert_named(standalone: Standalone) -> None:
    doctor = podline(standalone, "doctor")
    assert doctor.returncode == 1
    (line,) = (line for line in doctor.stdout.splitlines() if line.startswith("disk"))
    assert "FAILED" in line
    assert "more space" in line
    shown = podline(standalone, "usage", "--disk")
    assert f"No new work begins with less than {RESERVE}." in shown.stdout, shown.stderr
