"""The daemon reports what enforces each limit, and doesn't start if one isn't enforced."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain import language
from app.domain.policy import DEFAULT_LIMITS
from app.domain.report import Limit, StageReport
from sandbox.daemon import selftest
from sandbox.daemon.limits import LimitNotHeld, held, refuse_unheld
from sandbox.metering.meter import Ground
from sandbox.wire.types import Holder, LimitName
from tests.support.sandbox_daemon import SandboxDaemon

WITHOUT_CGROUPS = ("unshare", "-m", "sh", "-c", 'umount -l /sys/fs/cgroup; exec "$@"', "-")
KIB = 1024
MIB = 1_000_000


@pytest.mark.parametrize("ground", Ground)
def test_every_limit_has_a_holder_wherever_the_daemon_runs(ground: Ground) -> None:
    limits = held(ground, broken={})

    assert [item.limit for item in limits] == list(LimitName)
    assert all(item.by is not Holder.NOBODY for item in limits)


@pytest.mark.parametrize(
    ("ground", "holder"),
    [
        (Ground.CGROUP_1, Holder.KERNEL),
        (Ground.CGROUP_2, Holder.KERNEL),
        (Ground.PROCESSES, Holder.RUNTIME),
    ],
)
def test_the_kernel_holds_memory_where_there_are_cgroups(ground: Ground, holder: Holder) -> None:
    (memory,) = [item for item in held(ground, {}) if item.limit is LimitName.MEMORY]

    assert memory.by is holder


def test_what_was_tried_in_vain_is_held_by_nobody() -> None:
    (disk,) = [
        item
        for item in held(Ground.CGROUP_1, {LimitName.DISK: "a test program exceeded it"})
        if item.by is Holder.NOBODY
    ]

    assert disk.limit is LimitName.DISK
    assert disk.how == "a test program exceeded it"


def test_no_start_without_a_limit_that_nobody_waived() -> None:
    limits = held(Ground.PROCESSES, {LimitName.CPU: "no", LimitName.MEMORY: "no"})

    with pytest.raises(LimitNotHeld, match=r"PODLINE_SANDBOX_UNHELD_LIMITS=memory$"):
        refuse_unheld(limits, allowed={LimitName.CPU})
    refuse_unheld(limits, allowed={LimitName.CPU, LimitName.MEMORY})


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("user/max_user_namespaces", "0", "user.max_user_namespaces"),
        ("kernel/unprivileged_userns_clone", "0", "unprivileged_userns_clone=1"),
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "AppArmor"),
        ("kernel/apparmor_restrict_unprivileged_userns", "0", "a container must"),
    ],
)
def test_what_is_known_to_prevent_jails_is_named(
    tmp_path: Path, setting: str, value: str, said: str
) -> None:
    file = tmp_path / setting
    file.parent.mkdir()
    file.write_text(f"{value}\n")

    explained = selftest.explained(
        "it could not be set up: clone: Operation not permitted", file.parent.parent
    )

    assert said in explained
    assert "clone: Operation not permitted" in explained


@contextmanager
def started(folder: Path, *wrapper: str) -> Iterator[SandboxDaemon]:
    daemon = SandboxDaemon(folder, bays=2, wrapper=wrapper)
    daemon.start()
    yield daemon
    assert daemon.stop() == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can forbid namespaces")
def test_no_start_where_no_jail_can_be_made(tmp_path: Path) -> None:
    without_namespaces = (
        "unshare",
        "-Ur",
        "sh",
        "-c",
        'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"',
        "-",
    )

    with pytest.raises(AssertionError, match="can't create a jail here"):
        SandboxDaemon(tmp_path, bays=1, wrapper=without_namespaces).start()


@pytest.fixture(scope="module")
def without_cgroups(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxDaemon]:
    """Root in a container often has no cgroups."""
    if os.geteuid() != 0:
        pytest.skip("only root can take the cgroups away")
    with started(tmp_path_factory.mktemp("sandbox"), *WITHOUT_CGROUPS) as daemon:
        yield daemon


def run_report(sandbox: SandboxDaemon, name: str, source: str, **limits: object) -> StageReport:
    observation, _ = sandbox.run(name, source, limits=replace(DEFAULT_LIMITS, **limits))  # type: ignore[arg-type]  # names that a test gives
    assert observation.report
    assert observation.report.run
    return observation.report.run


class TestWithoutCgroups:
    def test_the_daemon_says_so(self, without_cgroups: SandboxDaemon) -> None:
        limits = without_cgroups.runtime.limits_held()

        assert [item.limit for item in limits] == list(language.LimitName)
        assert {item.limit for item in limits if item.by is language.Holder.RUNTIME} == {
            language.LimitName.WALL,
            language.LimitName.CPU,
            language.LimitName.MEMORY,
            language.LimitName.OUTPUT,
        }

    def test_memory_of_one_process(self, without_cgroups: SandboxDaemon) -> None:
        report = run_report(without_cgroups, "python", f"x = bytearray({100 * MIB})", memory_mib=64)

        assert report.stopped_by is Limit.MEMORY
        assert report.memory_peak_kib == 64 * KIB

    def test_memory_of_many_processes(self, without_cgroups: SandboxDaemon) -> None:
        source = (
            "import os, time\n"
            "for _ in range(8):\n"
            f"    if os.fork() == 0: x = bytearray({30 * MIB}); time.sleep(60)\n"
            "time.sleep(60)"
        )

        assert run_report(without_cgroups, "python", source).stopped_by is Limit.MEMORY

    def test_memory_that_processes_share_counts_once(self, without_cgroups: SandboxDaemon) -> None:
        source = (
            "import os, time\n"
            f"x = bytearray({60 * MIB})\n"
            "for _ in range(8):\n"
            "    if os.fork() == 0: time.sleep(0.2); os._exit(0)\n"
            "for _ in range(8): os.wait()"
        )

        report = run_report(without_cgroups, "python", source)

        assert report.stopped_by is None
        assert report.exit_code == 0

    def test_memory_shared_from_the_start(self, without_cgroups: SandboxDaemon) -> None:
        """RLIMIT_DATA does not count it."""
        source = (
            "import mmap, time\n"
            f"memory = mmap.mmap(-1, {300 * MIB})\n"
            "for at in range(0, len(memory), 4096): memory[at] = 1\n"
            "time.sleep(60)"
        )

        assert run_report(without_cgroups, "python", source).stopped_by is Limit.MEMORY

    def test_far_too_much_at_once_is_refused(self, without_cgroups: SandboxDaemon) -> None:
        """By RLIMIT_DATA. This looks like any other end, so it counts as none of the limits."""
        report = run_report(without_cgroups, "python", f"x = bytearray({2000 * MIB})")

        assert report.stopped_by is None
        assert report.exit_code == 1

    @pytest.mark.parametrize("call", ["os.memfd_create('x')", "libc_shmget()"])
    def test_memory_that_is_in_no_process_is_not_to_be_had(
        self, without_cgroups: SandboxDaemon, call: str
    ) -> None:
        source = (
            "import ctypes, errno, os\n"
            "libc = ctypes.CDLL(None, use_errno=True)\n"
            "def libc_shmget():\n"
            "    if libc.shmget(0, 4096, 0o1600) < 0: raise OSError(ctypes.get_errno(), '')\n"
            f"try: {call}\n"
            "except OSError as error: print(errno.errorcode[error.errno])"
        )
        _, output = without_cgroups.run("python", source)

        assert output.run
        assert output.run.stdout == b"ENOSYS\n"

    def test_cpu_time_of_all_its_processes_together(self, without_cgroups: SandboxDaemon) -> None:
        source = "for i in 1 2 3 4; do (while :; do :; done) & done; wait"

        report = run_report(without_cgroups, "bash", source, cpu_seconds=0.4)

        assert report.stopped_by is Limit.CPU
        assert report.cpu_us
        assert 400_000 <= report.cpu_us < 800_000

    def test_cpu_time_of_processes_that_ended(self, without_cgroups: SandboxDaemon) -> None:
        source = "while :; do (for i in 1 2 3 4 5 6 7 8 9; do :; done); done"

        report = run_report(without_cgroups, "bash", source, cpu_seconds=0.4)

        assert report.stopped_by is Limit.CPU
