"""Ready jails: each is used once, replaced, and removed when nobody needs it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Thread

import psutil
import pytest

from app.domain.policy import DEFAULT_LIMITS
from sandbox.daemon.bay import FIRST_DISK_MIB, Bay
from sandbox.daemon.bays import Bays
from sandbox.daemon.kits import Kits
from sandbox.jail import kit
from sandbox.metering.processes import ProcessMeter
from sandbox.toolchains.search import Toolchains
from tests.sandbox.test_daemon import gone
from tests.support.jails import a_kit
from tests.support.sandbox_daemon import SandboxDaemon
from tests.support.waiting import wait_until

DISK = DEFAULT_LIMITS.disk_mib


def pids(jails: list[psutil.Process]) -> set[int]:
    return {jail.pid for jail in jails}


def all_wait(sandbox: SandboxDaemon) -> set[int]:
    wait_until(lambda: len(sandbox.waiting_jails()) == sandbox.bays)
    return pids(sandbox.waiting_jails())


def test_there_is_one_per_bay_and_each_is_used_once(own_sandbox: SandboxDaemon) -> None:
    before = all_wait(own_sandbox)

    for _ in range(own_sandbox.bays):
        _, output = own_sandbox.run("bash", "ls -A; ls -A /tmp; touch left /tmp/left")
        assert output.run
        assert output.run.stdout == b"main.sh\n"
        all_wait(own_sandbox)

    assert not before & all_wait(own_sandbox)


def test_those_of_a_bay_are_made_by_one_nsjail(own_sandbox: SandboxDaemon) -> None:
    all_wait(own_sandbox)
    before = pids(psutil.Process(own_sandbox.pid).children())
    for _ in range(own_sandbox.bays):
        own_sandbox.run("bash", "true")
        all_wait(own_sandbox)

    assert pids(psutil.Process(own_sandbox.pid).children()) == before


@pytest.mark.parametrize("ready_jails", [pytest.param(0, marks=pytest.mark.long), 1])
def test_a_setting_says_how_many(tmp_path: Path, ready_jails: int) -> None:
    sandbox = SandboxDaemon(tmp_path, bays=2, ready_jails=ready_jails)
    sandbox.start()
    for _ in range(3):
        sandbox.run("bash", "true")

    wait_until(lambda: len(sandbox.waiting_jails()) == ready_jails)

    assert len(sandbox.processes()) == 2 * ready_jails
    assert sandbox.stop() == 0


def test_a_box_of_another_size_is_made_for_it(own_sandbox: SandboxDaemon) -> None:
    """The next one of that size finds it waiting."""
    all_wait(own_sandbox)
    limits = replace(DEFAULT_LIMITS, disk_mib=3)
    for _ in range(2):
        _, output = own_sandbox.run("bash", "df --output=size -k /box | tail -1", limits=limits)

        assert output.run
        assert output.run.stdout.split() == [b"3072"]
        all_wait(own_sandbox)


def test_one_that_died_waiting_costs_no_attempt(own_sandbox: SandboxDaemon) -> None:
    all_wait(own_sandbox)
    dying = own_sandbox.processes()
    for process in dying:
        with suppress(psutil.NoSuchProcess):  # it went with one before it
            process.kill()
    wait_until(gone(dying))

    for _ in range(own_sandbox.bays):
        _, output = own_sandbox.run("bash", "echo hello")
        assert output.run
        assert output.run.stdout == b"hello\n"
    own_sandbox.kill()  # since a bay replaces its jail only when it is used


def test_a_killed_daemon_leaves_none_waiting(own_sandbox: SandboxDaemon) -> None:
    all_wait(own_sandbox)
    processes = own_sandbox.processes()

    own_sandbox.kill()

    wait_until(gone(processes))


@pytest.mark.long
def test_a_stopped_daemon_leaves_none_waiting(tmp_path: Path) -> None:
    sandbox = SandboxDaemon(tmp_path, bays=2)
    sandbox.start()
    all_wait(sandbox)
    processes = sandbox.processes()

    assert sandbox.stop() == 0

    assert gone(processes)()


@pytest.fixture
def bay(tmp_path: Path) -> Iterator[Bay]:
    kits = Kits(a_kit(tmp_path), Toolchains([]), packages=None)
    bay = Bay(0, ProcessMeter(), kits, keeps_jail=True)
    yield bay
    bay.drop_jail()
    shutil.rmtree(kit.folder_of(tmp_path))


@dataclass
class Refusing(ProcessMeter):
    """Notes which jails it is to measure, and can measure none of the first ones."""

    refuses: int
    adopted: list[int] = field(default_factory=list)

    def adopt(self, init_pid: int) -> None:
        self.adopted.append(init_pid)
        if len(self.adopted) <= self.refuses:
            raise FileNotFoundError(f"/proc/{init_pid}")


@contextmanager
def idle(bay: Bay, *, seconds_to_keep_a_jail: float) -> Iterator[None]:
    """Its thread waits for a run."""
    bays = Bays([bay], seconds_to_keep_a_jail=seconds_to_keep_a_jail)
    thread = Thread(target=bays.next_for, args=[bay])
    thread.start()
    yield
    bays.stop()
    thread.join()


def test_one_that_waited_long_is_gone(bay: Bay) -> None:
    """A bay without a jail suits any size alike."""
    with idle(bay, seconds_to_keep_a_jail=0.2):
        wait_until(lambda: bay.suits(DISK) > bay.suits(DISK + 1))

        wait_until(lambda: bay.suits(DISK) == bay.suits(DISK + 1))


@pytest.mark.parametrize("refuses", [0, 1])
def test_one_is_ready_before_a_pod_comes(tmp_path: Path, refuses: int) -> None:
    """One that can't be measured is removed, and the next pod gets another."""
    meter = Refusing(refuses)
    bay = Bay(0, meter, Kits(a_kit(tmp_path), Toolchains([]), packages=None), keeps_jail=True)
    with idle(bay, seconds_to_keep_a_jail=60):
        wait_until(lambda: meter.adopted)
        if refuses:
            wait_until(lambda: bay.suits(DISK) == bay.suits(DISK + 1))

    bay.drop_jail()
    jail = bay.take_jail(DISK)
    assert [bay.settle(jail), bay.settle(jail)] == [True, True]
    assert len(meter.adopted) == 2
    jail.close()
    bay.drop_jail()
    shutil.rmtree(kit.folder_of(tmp_path))


def test_a_bay_with_the_right_box_is_preferred(bay: Bay) -> None:
    without = bay.suits(DISK)

    bay.keep_jail()

    assert bay.suits(DISK) > without > bay.suits(DISK + 1)


def test_a_new_daemon_expects_pods_of_the_default_size() -> None:
    assert DEFAULT_LIMITS.disk_mib == FIRST_DISK_MIB
