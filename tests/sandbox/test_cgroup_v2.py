"""Version 2 control groups, on a tree of plain files that looks like that file system."""

import os
import socket
import subprocess
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sandbox.daemon.recorder import Recorder
from sandbox.daemon.stage import Fault, run_stage
from sandbox.init.program import Program
from sandbox.jail.jail import Jail
from sandbox.metering import cgroup, cgroup_v2
from sandbox.metering.cgroup import Host, NoCgroups
from sandbox.metering.cgroup_v2 import CgroupV2, GroupFolders
from sandbox.metering.meter import JAIL_BYTES, MIB, Meter
from sandbox.wire.types import Limits

FILES = {
    "cgroup.type": "domain\n",
    "cgroup.controllers": "cpu io memory pids\n",
    "cgroup.subtree_control": "",
    "cgroup.procs": "",
    "cgroup.kill": "",
    "memory.max": "max\n",
    "memory.swap.max": "max\n",
    "memory.current": "4096\n",
    "memory.peak": "4096\n",
    "memory.events": "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n",
    "pids.max": "max\n",
    "cpu.stat": "usage_usec 1000\nuser_usec 600\nsystem_usec 400\n",
}

LIMITS = Limits(wall_seconds=1, cpu_seconds=1, memory_mib=64, processes=1, output_kib=1, disk_mib=1)


@dataclass
class FolderOfFiles(GroupFolders):
    """Does what the kernel does when a group comes and goes."""

    removed: list[Path] = field(default_factory=list)
    read_only: set[str] = field(default_factory=set)

    def make(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        for name, content in FILES.items():
            (folder / name).write_text(content)
            if name in self.read_only:
                (folder / name).chmod(0o444)

    def remove(self, folder: Path) -> None:
        self.removed.append(folder)
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()


@dataclass
class FakeHost:
    """A machine with version 2 alone, on which this process is in a delegated group."""

    root: Path
    folders: FolderOfFiles = field(default_factory=FolderOfFiles)
    noted: list[Path] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folders.make(self.root)
        self.folders.make(self.own)
        (self.own / "cgroup.procs").write_text("4711\n")
        (self.root / "mounts").write_text(f"cgroup2 {self.root} cgroup2 rw,nosuid 0 0\n")
        (self.root / "membership").write_text("0::/podline.service\n")

    @property
    def own(self) -> Path:
        return self.root / "podline.service"

    @property
    def host(self) -> Host:
        return Host(
            mounts=self.root / "mounts",
            membership=self.root / "membership",
            folders=self.folders,
        )

    def find(self, bays: int = 1) -> list[Meter]:
        return list(cgroup.find(self.host, "podline-1", bays, self.noted.append))

    def bay(self, name: str = "bay-0-1") -> Path:
        return self.own / "podline-1" / name


@pytest.fixture
def fake(tmp_path: Path) -> FakeHost:
    return FakeHost(tmp_path)


@pytest.fixture
def meter(fake: FakeHost) -> Meter:
    (meter,) = fake.find()
    meter.join()
    meter.adopt(1234)
    meter.begin(64, 17)
    return meter


class TestWhereGroupsAreMade:
    def test_below_the_daemons_own_group(self, fake: FakeHost) -> None:
        meters = fake.find(bays=3)

        assert [type(meter) for meter in meters] == [CgroupV2] * 3
        assert fake.noted == [fake.own / "podline-1"]

    def test_controllers_are_given_to_the_bays(self, fake: FakeHost) -> None:
        fake.find()

        for folder in (fake.own, fake.own / "podline-1"):
            assert (folder / "cgroup.subtree_control").read_text() == "+memory +pids"

    def test_processes_make_room_for_controllers(self, fake: FakeHost) -> None:
        """A group that has controllers for its children may have no process of its own."""
        fake.find()

        assert (fake.own / "podline-1-service" / "cgroup.procs").read_text() == "4711"

    def test_nothing_is_moved_where_children_have_them_already(self, fake: FakeHost) -> None:
        (fake.own / "cgroup.subtree_control").write_text("cpu memory pids")

        fake.find()

        assert not (fake.own / "podline-1-service").exists()

    def test_the_root_of_all_groups_keeps_its_processes(self, fake: FakeHost) -> None:
        """As where the daemon is started without systemd: kernel threads can't be moved."""
        (fake.own / "cgroup.type").unlink()

        fake.find()

        assert not (fake.own / "podline-1-service").exists()
        for folder in (fake.own, fake.own / "podline-1"):
            assert (folder / "cgroup.subtree_control").read_text() == "+memory +pids"

    def test_a_daemon_started_anew_finds_the_same_place(self, fake: FakeHost) -> None:
        """It is in the group that the one before it made room with."""
        fake.find()
        (fake.root / "membership").write_text("0::/podline.service/podline-1-service\n")

        fake.find()

        assert fake.noted == [fake.own / "podline-1"] * 2

    def test_no_groups_without_the_controllers(self, fake: FakeHost) -> None:
        (fake.own / "cgroup.controllers").write_text("cpu pids\n")

        with pytest.raises(NoCgroups, match="does not offer memory"):
            fake.find()

    def test_no_groups_where_nothing_is_mounted(self, fake: FakeHost) -> None:
        (fake.root / "mounts").write_text("tmpfs /tmp tmpfs rw 0 0\n")

        with pytest.raises(NoCgroups, match="not mounted"):
            fake.find()

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_no_groups_where_they_may_not_be_made(self, fake: FakeHost) -> None:
        fake.own.chmod(0o555)

        with pytest.raises(NoCgroups):
            fake.find()


class TestOneBay:
    @pytest.mark.usefixtures("meter")
    def test_a_jail_gets_a_group_with_its_limits(self, fake: FakeHost) -> None:
        assert (fake.bay() / "cgroup.procs").read_text() == "1234"
        assert (fake.bay() / "memory.max").read_text().startswith(str(64 * MIB + JAIL_BYTES))
        assert (fake.bay() / "memory.swap.max").read_text() == "0"
        assert (fake.bay() / "pids.max").read_text().startswith("17")

    def test_the_next_jail_gets_another_one(self, fake: FakeHost, meter: Meter) -> None:
        meter.adopt(5678)

        assert (fake.bay("bay-0-2") / "cgroup.procs").read_text() == "5678"
        assert fake.folders.removed == [fake.bay("bay-0-1")]

    def test_cpu_time_counts_from_the_beginning(self, fake: FakeHost, meter: Meter) -> None:
        (fake.bay() / "cpu.stat").write_text("usage_usec 251000\nuser_usec 251000\n")

        assert meter.cpu_us() == 250_000

    def test_memory_is_exceeded_when_the_kernel_killed(self, fake: FakeHost, meter: Meter) -> None:
        """Reaching the limit (`max`, `oom`) is none of it: the kernel may find memory yet."""
        (fake.bay() / "memory.events").write_text("max 9\noom 1\noom_kill 0\noom_group_kill 0\n")
        assert not meter.out_of_memory()

        (fake.bay() / "memory.events").write_text("max 9\noom 1\noom_kill 1\noom_group_kill 0\n")
        assert meter.out_of_memory()

    def test_the_compilers_kill_is_not_the_programs(self, fake: FakeHost, meter: Meter) -> None:
        (fake.bay() / "memory.events").write_text("oom_kill 1\n")

        meter.begin(64, 17)

        assert not meter.out_of_memory()

    def test_the_peak(self, fake: FakeHost, meter: Meter) -> None:
        (fake.bay() / "memory.peak").write_text(f"{4096 + 30 * MIB}\n")

        assert meter.peak_kib() == 30 * 1024

    def test_a_peak_of_an_earlier_stage_says_nothing(self, fake: FakeHost, meter: Meter) -> None:
        """Linux before 6.12 can't reset it: writing there fails."""
        if os.geteuid() == 0:
            pytest.skip("root may write what is read-only")
        fake.folders.read_only = {"memory.peak"}
        meter.adopt(5678)

        meter.begin(64, 17)

        assert meter.peak_kib() is None

    def test_more_in_use_than_the_limit_is_no_start(self, fake: FakeHost, meter: Meter) -> None:
        (fake.bay() / "memory.current").write_text(f"{100 * MIB}\n")

        with pytest.raises(OSError, match="in use"):
            meter.begin(64, 17)

    def test_what_an_earlier_program_left_is_no_verdict(self, fake: FakeHost, meter: Meter) -> None:
        (fake.bay() / "memory.current").write_text(f"{100 * MIB}\n")
        ours, theirs = socket.socketpair()
        program = Program(argv=(), env={}, stdin=b"", limits=LIMITS, spare_processes=0)

        with theirs, closing(Jail(ours, disk_mib=1)) as jail, pytest.raises(Fault, match="in use"):
            run_stage(jail, meter, program, (), Recorder(0))

    def test_a_program_that_has_ended_holds_no_memory_back(
        self, fake: FakeHost, meter: Meter
    ) -> None:
        meter.lift()
        assert (fake.bay() / "memory.max").read_text().startswith("max")

        meter.close()
        meter.lift()  # for the first jail of all, there is no group yet

    def test_nothing_is_left_when_it_is_closed(self, fake: FakeHost, meter: Meter) -> None:
        meter.close()
        cgroup.remove(fake.own / "podline-1", fake.folders)

        assert not (fake.own / "podline-1").exists()


class TestWithoutFiles:
    """The parts of version 2 that need no controller, where the kernel has them mounted."""

    @pytest.fixture
    def group(self) -> Path:
        try:
            own = Host().own_folder("cgroup2")
            folder = own / "podline-test"
            folder.mkdir()
        except OSError as error:
            pytest.skip(f"no group can be made: {error}")
        return folder

    def test_killing_and_counting(self, group: Path) -> None:
        with subprocess.Popen(["sh", "-c", "sleep 60 & sleep 60 & wait"]) as process:
            (group / "cgroup.procs").write_text(str(process.pid))

            GroupFolders().remove(group)

            assert process.wait(60) == -9
        assert not group.exists()

    def test_an_empty_one_goes_too(self, group: Path) -> None:
        cgroup_v2.kill_all(group)
        GroupFolders().remove(group)

        assert not group.exists()
