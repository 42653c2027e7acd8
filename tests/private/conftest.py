"""Another user of this machine, who acts first."""

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.private import OTHER

AsOther = Callable[[Callable[[], object]], None]


@pytest.fixture
def as_other() -> AsOther:
    """Run it in a process of that user. Skips the test without root."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    return _as_other


def _as_other(act: Callable[[], object]) -> None:
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setgroups([])
            os.setgid(OTHER)
            os.setuid(OTHER)
            act()
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    if status:
        raise PermissionError("the other user could not do it")


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder that others may enter, unlike pytest's."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def sticky(reachable: Path) -> Path:
    """A folder like /tmp, in /tmp."""
    reachable.chmod(0o1777)
    return reachable


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Path]:
    """The empty volume of a new container, which belongs to another user."""
    place = tmp_path / "volume"
    place.mkdir()
    mount = [
        "mount",
        "-t",
        "tmpfs",
        "-o",
        f"uid={OTHER},gid={OTHER},mode=0770",
        "tmpfs",
        str(place),
    ]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a volume, and not everywhere")
    yield place
    subprocess.run(["umount", place], check=True)


@pytest.fixture(params=[0o000, 0o022, 0o777], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    """The umask that the process was started with."""
    with _umask(request.param):
        yield request.param


@contextmanager
def _umask(value: int) -> Iterator[None]:
    before = os.umask(value)
    try:
        yield
    finally:
        os.umask(before)
