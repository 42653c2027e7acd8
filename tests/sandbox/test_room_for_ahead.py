"""When something is started ahead, and how long it waits: in a bay without a daemon."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from sandbox.daemon.ahead import Ahead, Wanted, When
from sandbox.daemon.bay import Bay
from sandbox.daemon.kits import Kits
from sandbox.init.program import Program
from sandbox.jail import kit
from sandbox.metering.processes import ProcessMeter
from sandbox.toolchains.search import Toolchains
from sandbox.wire.types import Limits
from tests.support.jails import a_kit
from tests.support.waiting import wait_until

LIMITS = Limits(wall_seconds=0, cpu_seconds=0, memory_mib=64, processes=8, output_kib=0, disk_mib=4)
WAITS = "printf ab >&0; exec tail -f"
FAILS = "exit 1"
NEVER_READY = "printf a >&0; exec tail -f"


@dataclass(slots=True)
class Room:
    """A machine with two cores, of which as many as that are idle."""

    cores: float = 1
    mib: int = 1_000
    looks: int = 0

    def idle_seconds(self) -> float:
        self.looks += 1
        return self.cores * time.monotonic()

    def free_mib(self) -> int:
        self.looks += 1
        return self.mib


Make = Callable[..., Ahead]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made = []

    def one(room: Room, when: When = When.IDLE, seconds_of_use: float = 300) -> Ahead:
        kits = Kits(a_kit(tmp_path), Toolchains([]), packages=None)
        bay = Bay(0, ProcessMeter(), kits, keeps_jail=False)
        ahead = Ahead(bay, when, room, seconds_of_use=seconds_of_use, seconds_between_looks=0.02)
        ahead.start()
        made.append(ahead)
        return ahead

    yield one
    for ahead in made:
        ahead.stop()
    assert not started()
    shutil.rmtree(kit.folder_of(tmp_path))


def wanted(script: str = WAITS) -> Wanted:
    argv = ["/bin/sh", "-c", script]
    program = Program(
        argv=argv, env={"PATH": "/usr/bin"}, stdin=b"", limits=LIMITS, spare_processes=0
    )
    return Wanted(program=program, disk_mib=LIMITS.disk_mib)


def started() -> list[int]:
    """What waits, or is about to."""
    found = []
    for each in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if each.name() in {"sh", "tail"}:
                found.append(each.pid)
    return found


def want(ahead: Ahead, script: str = WAITS) -> bool:
    """Whether one was waiting."""
    with ahead.lend(wanted(script)) as lent:
        return lent is not None


def test_nothing_is_started_before_it_is_wanted(make: Make) -> None:
    room = Room()
    ahead = make(room)
    assert room.looks == 0

    assert not want(ahead)

    wait_until(lambda: bool(started()))


def test_nothing_is_started_while_cores_are_busy(make: Make) -> None:
    room = Room(cores=0.5)
    ahead = make(room)

    want(ahead)

    wait_until(lambda: room.looks > 6)
    assert not started()
    room.cores = 1
    wait_until(lambda: bool(started()))


def test_nothing_is_started_while_memory_is_short(make: Make) -> None:
    room = Room(mib=127)
    ahead = make(room)

    want(ahead)

    wait_until(lambda: room.looks > 6)
    assert not started()
    room.mib = 128
    wait_until(lambda: bool(started()))


def test_what_waits_makes_room_when_memory_is_short(make: Make) -> None:
    room = Room()
    want(make(room))
    wait_until(lambda: bool(started()))

    room.mib = 127

    wait_until(lambda: not started())


def test_what_nobody_uses_any_more_is_removed(make: Make) -> None:
    want(make(Room(), seconds_of_use=2))
    wait_until(lambda: bool(started()))

    wait_until(lambda: not started())


def test_each_is_lent_once_and_replaced(make: Make) -> None:
    ahead = make(Room(), When.ALWAYS)
    assert want(ahead)
    wait_until(lambda: bool(started()))
    before = started()

    assert want(ahead)

    wait_until(lambda: bool(started()) and started() != before)


def test_another_one_that_is_wanted_replaces_what_waits(make: Make) -> None:
    ahead = make(Room(), When.ALWAYS)
    want(ahead)
    wait_until(lambda: bool(started()))
    before = started()

    assert want(ahead, "printf abc >&0; exec tail -f")

    assert not set(before) & set(started())


def test_what_can_t_be_started_is_tried_once_for_each_use(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    ahead = make(Room())
    for uses in (1, 2):
        assert not want(ahead, FAILS)
        wait_until(lambda uses=uses: caplog.text.count("could not be started") == uses)  # type: ignore[misc]  # a lambda's default

    assert not started()


def test_it_can_stop_while_one_starts(make: Make) -> None:
    want(make(Room()), NEVER_READY)

    wait_until(lambda: bool(started()))
