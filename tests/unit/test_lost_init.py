"""Init dies after a stage, while it sends files: the memory limit ended it, or it is a fault."""

import math
import os
import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.domain.policy import DEFAULT_COMPILE_LIMITS, DEFAULT_LIMITS
from sandbox.artifacts.rules import GONE
from sandbox.daemon.bay import Bay
from sandbox.daemon.kept import Record
from sandbox.daemon.programs import Programs
from sandbox.daemon.recorder import Recorder
from sandbox.daemon.stage import Fault
from sandbox.daemon.stages import Stages
from sandbox.init.protocol import Kind
from sandbox.jail.jail import Jail
from sandbox.languages import load
from sandbox.metering.meter import Ground
from sandbox.toolchains.search import Toolchain
from sandbox.wire.types import Collected, File, Limit, Limits, Pod, Report, Run

HEAD = struct.Struct("<4Q")
REPORT = struct.Struct("<4i3q")
ENTRY = struct.Struct("<IIQ")
END = ENTRY.pack(0, 0, 0)
LISTED = ENTRY.pack(2, 1, 3) + b"a" + ENTRY.pack(2, 1, 3) + b"b" + END
A_FILE = ENTRY.pack(2, 1, 3) + b"axyz"
ANOTHER = ENTRY.pack(2, 1, 3) + b"bxyz"
A_PROGRAM = ENTRY.pack(3, 7, 2) + b"program#!" + END
HALF_A_PROGRAM = ENTRY.pack(3, 7, 2) + b"program#"


def as_init(control: socket.socket, answers: Sequence[bytes], group: "Group") -> None:
    """Run a stage that exits with 0, give these answers to what is asked then, and die."""
    with control:
        take_message(control)
        for kind in (Kind.STARTED, Kind.DONE):
            control.sendall(REPORT.pack(kind, 0, 0, 0, 1_000, 0, 0))
        for answer in answers:
            sink = take_message(control)
            group.limited_when_asked.append(group.limited)
            os.write(sink, answer)
            os.close(sink)


def take_message(control: socket.socket) -> int:
    """Return the stream for what is printed."""
    head, (stdin, stdout, stderr), _, _ = socket.recv_fds(control, HEAD.size, 3)
    control.recv(HEAD.unpack(head)[-1], socket.MSG_WAITALL)
    os.close(stdin)
    os.close(stderr)
    return stdout


@dataclass
class Group:
    """A control group in which the kernel has, or has not, killed a process."""

    killed: bool
    ground: Ground = Ground.CGROUP_2
    holds_memory: bool = True
    seconds_between_looks: float = math.inf
    limited: bool = False
    limited_when_asked: list[bool] = field(default_factory=list)

    def join(self) -> None: ...
    def adopt(self, init_pid: int) -> None: ...
    def close(self) -> None: ...

    def begin(self, memory_mib: int, tasks: int) -> None:  # noqa: ARG002  # one limit is enough
        self.limited = True

    def lift(self) -> None:
        self.limited = False

    def cpu_us(self) -> int:
        return 0

    def peak_kib(self) -> int | None:
        return 1_000

    def out_of_memory(self) -> bool:
        return self.killed


@dataclass
class OnePod:
    """Has a jail for each stage, whose init gives the answers of its turn."""

    record: Record
    group: Group
    answers: Iterator[Sequence[bytes]]
    cancelled: bool = False
    jails: list[Jail] = field(default_factory=list)

    def take_jail(self, bay: Bay, disk_mib: int) -> Jail:  # noqa: ARG002  # there is one
        control, inner = socket.socketpair()
        of_init = (inner, next(self.answers), self.group)
        threading.Thread(target=as_init, args=of_init).start()
        self.jails.append(Jail(control, disk_mib=disk_mib))
        return self.jails[-1]

    def leave_jail(self, bay: Bay) -> None:  # noqa: ARG002  # there is one
        self.jails.pop().close()

    def show_frames_of(self, recorder: Recorder) -> None: ...
    def report(self, so_far: Report) -> None: ...


@dataclass(frozen=True)
class BayOf:
    """What the stages of a pod use of a bay."""

    meter: Group
    number: int = 0


def limits(of: object) -> Limits:
    return Limits(**{name: getattr(of, name) for name in Limits.__slots__})


def run(
    folder: Path, language: str, group: Group, *answers: Sequence[bytes]
) -> tuple[Report, Collected | None, Record]:
    """Run a pod of that language. Each stage has its own answers."""
    spec = load()[language]
    own = limits(DEFAULT_LIMITS)
    pod = Pod(
        name="pod-1",
        language=language,
        language_version="1",
        files=(File(spec.source, b"x"),),
        entrypoint=spec.source,
        runs=(Run(stdin=b"", args=(), env={}, limits=own),),
        compile_limits=limits(DEFAULT_COMPILE_LIMITS),
        wall_seconds=60,
        artifacts=("*",),
    )
    one = OnePod(Record(folder / "record"), group, iter(answers))
    bay, programs = BayOf(group), Programs(folder / "programs", 1)
    stages = Stages(one, bay, programs, lambda: None)  # type: ignore[arg-type]  # it uses no more of it
    try:
        report = stages.run(pod, Toolchain(spec, "/usr/bin/true", "1"))
    finally:
        for jail in one.jails:
            jail.close()
    return report, stages.collected, one.record


DIES = pytest.mark.parametrize(
    "answers",
    [[], [b""], [LISTED], [LISTED, A_FILE + ANOTHER[:-1]]],
    ids=["at once", "1st", "2nd", "in it"],
)


@DIES
def test_files_that_went_with_init_when_memory_was_full(
    tmp_path: Path, answers: Sequence[bytes]
) -> None:
    """A program that filled it with files may end init instead of itself, and later than itself."""
    report, collected, record = run(tmp_path, "python", Group(killed=True), answers)

    assert report.runs[0]
    assert report.runs[0].exit_code == 0
    assert report.runs[0].memory_peak_kib == DEFAULT_LIMITS.memory_mib * 1024
    assert collected == Collected(left_out=(GONE,))
    assert "artifacts" not in record.header


@DIES
def test_files_that_went_with_init_for_no_known_reason(
    tmp_path: Path, answers: Sequence[bytes]
) -> None:
    with pytest.raises(Fault, match="could not be kept"):
        run(tmp_path, "python", Group(killed=False), answers)


@pytest.mark.parametrize("answers", [[], [b""], [HALF_A_PROGRAM]])
def test_a_compiled_program_that_went_with_init_when_memory_was_full(
    tmp_path: Path, answers: Sequence[bytes]
) -> None:
    report, collected, _ = run(tmp_path, "c", Group(killed=True), answers)

    assert report.compile
    assert (report.compile.exit_code, report.compile.signal) == (None, "SIGKILL")
    assert report.compile.stopped_by is Limit.MEMORY
    assert (report.runs, collected) == ((), None)


@pytest.mark.parametrize("answers", [[], [b""], [HALF_A_PROGRAM]])
def test_a_compiled_program_that_went_with_init_for_no_known_reason(
    tmp_path: Path, answers: Sequence[bytes]
) -> None:
    with pytest.raises(Fault, match="not received"):
        run(tmp_path, "c", Group(killed=False), answers)


def test_the_limit_is_lifted_while_init_sends_files(tmp_path: Path) -> None:
    """What the program left would otherwise keep init from getting memory for that."""

    group = Group(killed=False)
    file = [LISTED, A_FILE + ANOTHER + END]
    report, collected, _ = run(tmp_path, "c", group, [A_PROGRAM], file)

    assert report.runs[0]
    assert collected
    assert report.runs[0].memory_peak_kib == 1_000
    assert [each.name for each in collected.files] == ["a", "b"]
    assert group.limited_when_asked == [False] * 3
