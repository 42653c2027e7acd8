"""What a client asks the daemon to run, and what the daemon reports.

These types belong to the wire protocol: a field that is added here needs a default, and a change
that the other side must know of needs a new version (`sandbox.wire.versions`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

Time: TypeAlias = int
"""Microseconds since 1970-01-01, UTC."""
SECOND: Final = 1_000_000
"""In microseconds."""


class PodRefused(Exception):
    """This daemon can never run the pod: trying again does not help."""


class Streams(StrEnum):
    """Where a program's stderr goes."""

    SEPARATE = "separate"
    MERGED = "merged"
    """Both streams share one pipe, so their order is exact and all output is stdout."""


class Buffering(StrEnum):
    """When a program's output leaves the program."""

    LINE = "line"
    """After each line, if the language can."""
    BLOCK = "block"
    """As the language's runtime does on a pipe, which is faster for programs that print a lot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one stage (the compiler, or the program) may use at most."""

    wall_seconds: float
    cpu_seconds: float
    memory_mib: int
    processes: int
    output_kib: int
    """Per stream."""
    disk_mib: int
    stack_mib: int | None = None
    """None: as much as `memory_mib` where a control group limits memory, and 8 MiB elsewhere."""

    def disk_mib_with(self, compile_limits: "Limits", *, compiled: bool) -> int:
        """The size of the volume, which both stages share if there is a compile stage."""
        return max(self.disk_mib, compile_limits.disk_mib) if compiled else self.disk_mib


@dataclass(frozen=True, slots=True)
class File:
    """One file of a program; `name` is a relative path without `..`."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One start of the program, in a fresh jail."""

    stdin: bytes
    args: tuple[str, ...]
    env: Mapping[str, str]
    limits: Limits
    files: tuple[File, ...] = ()
    """Added to the working folder of this run only. One replaces a file of the same name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactMaxima:
    """How many of the files that a program created are kept."""

    files: int = 64
    bytes: int = 8 << 20
    """All files together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """One program, which is compiled once, if at all, and then run one or more times."""

    name: str
    """A DNS label."""
    language: str
    language_version: str
    files: tuple[File, ...]
    entrypoint: str
    runs: tuple[Run, ...]
    """At least one, in order."""
    compile_limits: Limits
    wall_seconds: float
    """For all stages together. A run is skipped if its own limit exceeds what is left of this."""
    compile_args: tuple[str, ...] = ()
    streams: Streams = Streams.SEPARATE
    buffering: Buffering = Buffering.LINE
    stop_on_failure: bool = False
    """Skip all runs after the first that a limit or a signal ended, or that did not exit with 0."""
    artifacts: tuple[str, ...] = ()
    """Patterns of files to keep once the program has ended; only with a single run."""
    artifact_maxima: ArtifactMaxima = ArtifactMaxima()
    owner: str = ""
    """Stands for who submitted it, and says no name. What a compiler makes may be kept for later
    pods of the same owner; without an owner, nothing is kept.
    """


class Phase(StrEnum):
    WAITING = "waiting"
    """Accepted, and not started yet."""
    RUNNING = "running"
    ENDED = "ended"
    """The program ended or a limit ended it: `report` says how."""
    FAULTED = "faulted"
    """The sandbox could not run the program, or lost it: `message` says why."""


class Limit(StrEnum):
    """The limit that was enforced first."""

    WALL = "wall_seconds"
    CPU = "cpu_seconds"
    MEMORY = "memory_mib"
    OUTPUT = "output_kib"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageReport:
    """How one stage (compile or run) ended, as init and the kernel saw it."""

    exit_code: int | None
    signal: str | None
    """A name such as SIGSEGV. Exactly one of `exit_code` and `signal` is set."""
    wall_us: int
    cpu_us: int | None
    memory_peak_kib: int | None
    stopped_by: Limit | None = None
    cached: bool = False
    """No compiler ran: what it had made of the same program before was used."""

    @property
    def failed(self) -> bool:
        """A limit or a signal ended it, or it did not exit with 0."""
        return self.stopped_by is not None or self.exit_code != 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How the stages of a pod ended."""

    compile: StageReport | None
    runs: tuple[StageReport | None, ...]
    """None for a run that was skipped. Empty if the program did not start."""


@dataclass(frozen=True, slots=True)
class CollectedFile:
    """A file that the daemon keeps until its pod is deleted."""

    name: str
    """Relative to the working folder. Without control characters."""
    size: int
    """In bytes."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that was asked for, and is not kept."""

    name: str | None
    """None for several files, which the reason counts."""
    reason: str


@dataclass(frozen=True, slots=True)
class Collected:
    """What was found once the program had ended, in the order of the names."""

    files: tuple[CollectedFile, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


class Stream(StrEnum):
    STDOUT = "stdout"
    STDERR = "stderr"


@dataclass(frozen=True, slots=True)
class Frame:
    """A piece of what the only run of a pod prints. Frames are in the order in which they were
    read.
    """

    sequence: int
    """1, 2, 3 … within a pod."""
    stream: Stream
    offset: int
    """Bytes of this stream that came before."""
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StageOutput:
    """What one stage printed, cut at its output limit."""

    stdout: bytes
    stderr: bytes
    stdout_truncated: bool = False
    stderr_truncated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What a pod printed: the compiler, and some consecutive runs."""

    compile: StageOutput | None
    runs: tuple[StageOutput | None, ...]
    """None for a run that was skipped. Empty if the program did not start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """The state of one pod now."""

    name: str
    phase: Phase
    started_at: Time | None = None
    ended_at: Time | None = None
    report: Report | None = None
    """None until a run has ended, or the whole pod."""
    message: str | None = None
    collected: Collected | None = None
    """None unless the program has ended and its pod asks for artifacts."""
    output: Output | None = None
    """All that it printed, if it has ended and that is little."""


class LimitName(StrEnum):
    """Everything that is limited. `Limits` has the values; inodes follow from the disk."""

    WALL = "wall"
    CPU = "cpu"
    MEMORY = "memory"
    PROCESSES = "processes"
    OUTPUT = "output"
    DISK = "disk"
    INODES = "inodes"


class Holder(StrEnum):
    """What enforces a limit."""

    KERNEL = "kernel"
    RUNTIME = "runtime"
    """The daemon or init measures, and kills the program."""
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLimit:
    """What enforces one limit on this host."""

    limit: LimitName
    by: Holder
    how: str
    """The mechanism; with NOBODY, what a test of the limit showed."""


STACK_OF_MAIN_THREAD: Final = (
    "The stack of the main thread, and the default of others (RLIMIT_STACK, soft and hard). "
    "Null: as much as memory_mib where a control group limits memory, else 8 MiB."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """A language as this host offers it."""

    name: str
    version: str
    source_name: str
    """The file name of a single `source`, such as main.py."""
    compiled: bool
    aliases: tuple[str, ...] = ()
    """Other names that a client may use for it."""
    suffixes: tuple[str, ...] = ()
    """The suffixes of its files, such as .py."""
    line_buffering: bool = False
    """It can print each line immediately."""
    compile_needs: Mapping[str, int] = field(default_factory=dict)
    """The lowest limits that its compiler works with, by the names of Limits."""
    stack: str = STACK_OF_MAIN_THREAD
    """What `stack_mib` means for its programs."""
    accepts: Mapping[str, int] = field(default_factory=dict)
    """The most that a stage can have, by the names of Limits; others: any."""
    needs: Mapping[str, int] = field(default_factory=dict)
    """The lowest limits that programs with its packages work with, by the names of Limits."""
    packages: Mapping[str, str] = field(default_factory=dict)
    """The versions of the packages that its programs can use, by name."""
    max_runs: int | None = None
    """The most runs that a pod can have. None: any number."""
    max_input_bytes: int | None = None
    """The most that a pod's files and the inputs of all its runs can have. None: any number."""
    keeps_artifacts: bool = False
    """Whether files that its programs create can be kept."""
    max_artifact_bytes: int | None = None
    """The most that all of them together can have. None: any number."""
