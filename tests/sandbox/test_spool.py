"""What is stored of ended pods, even while the disk is full."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.daemon.run import EndedPod
from sandbox.daemon.spool import RESTARTED, Spool
from sandbox.wire.types import Frame, Observation, Phase, Stream
from tests.support.disks import KINDS, Kind, disk, kept_full

LARGE = b"x" * 300_000


@pytest.fixture(params=KINDS)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    kind: Kind = request.param
    with disk(kind, tmp_path, 4) as place:
        yield place


def ended(name: str) -> EndedPod:
    observation = Observation(name=name, phase=Phase.FAULTED, message="it is a test")
    return EndedPod(observation=observation, frames=[Frame(1, Stream.STDOUT, 0, LARGE)])


def test_a_pod_that_ends_on_a_full_disk_is_kept(folder: Path) -> None:
    spool = Spool(folder / "pods")
    with kept_full(folder):
        for name in ("one", "two"):
            spool.begin(name)
            spool.end(ended(name))
            assert spool.read(name) == ended(name)
        spool.remove("one")
        assert spool.read("one") is None
        assert spool.read("two") == ended("two")
    spool.remove("some other one")
    assert Spool(folder / "pods").read("two") == ended("two"), "it is on disk by now"


def test_a_daemon_that_is_killed_on_a_full_disk_forgets_it(folder: Path) -> None:
    """Like a pod that was running: its attempt is repeated."""
    spool = Spool(folder / "pods")
    spool.begin("known")
    with kept_full(folder):
        spool.end(ended("known"))
        left = Spool(folder / "pods").read("known")
        assert left is not None
        assert left.observation.message == RESTARTED
