"""What a runtime reports of a pod: how its stages ended, and what they printed."""

from dataclasses import dataclass
from enum import StrEnum

from app.domain.artifact import Collected
from app.domain.execution import Time


class Phase(StrEnum):
    WAITING = "waiting"
    """Accepted, and not started yet."""
    RUNNING = "running"
    ENDED = "ended"
    """The program ended or a limit ended it: `report` says how."""
    FAULTED = "faulted"
    """The runtime could not run the pod, or lost it: `message` says why."""


class Limit(StrEnum):
    """The limit that the runtime enforced first."""

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
    """In the pod's order; None for a run that was skipped, which the first never is.

    Empty if the compile stage did not succeed, or made nothing that can be started. While the pod
    is running, those that have ended.
    """

    @property
    def run(self) -> StageReport | None:
        """The first run, which is the only one of most pods."""
        return self.runs[0] if self.runs else None

    @property
    def cpu_us(self) -> int:
        """CPU time of all stages. Where the runtime can't measure it, wall time counts."""
        stages = (stage for stage in (self.compile, *self.runs) if stage is not None)
        return sum(each.wall_us if each.cpu_us is None else each.cpu_us for each in stages)

    @property
    def wall_us(self) -> int:
        """Wall time of all stages."""
        return sum(stage.wall_us for stage in (self.compile, *self.runs) if stage is not None)

    @property
    def message(self) -> str | None:
        """Explains a compile error that the compiler itself did not report; otherwise None."""
        if self.compile is None:
            return None
        if stopped_by := self.compile.stopped_by:
            return f"A limit stopped the compiler: compile_limits.{stopped_by}"
        if not self.runs and self.compile.exit_code == 0:
            return (
                "The compiler reported no error but made no program that can be started: "
                "check compile_args, and that the source is a program and not a library"
            )
        return None


class Stream(StrEnum):
    STDOUT = "stdout"
    STDERR = "stderr"
    TESTS = "tests"
    """How tests ended: only in live output, where they take the place of what a run prints."""


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
    """What a pod printed: the compiler, and the runs, or some consecutive ones of them."""

    compile: StageOutput | None
    runs: tuple[StageOutput | None, ...]
    """None for a run that was skipped. Empty if the program did not start."""

    @property
    def run(self) -> StageOutput | None:
        """The first of these runs."""
        return self.runs[0] if self.runs else None

    @property
    def size(self) -> int:
        """Bytes."""
        stages = (stage for stage in (self.compile, *self.runs) if stage is not None)
        return sum(len(stage.stdout) + len(stage.stderr) for stage in stages)

    def beginning_with(self, run: int) -> "Output":
        """Leave out the runs before that index, and with them the compiler."""
        return Output(compile=None, runs=self.runs[run:]) if run else self


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What a runtime knows about one pod now."""

    name: str
    phase: Phase
    started_at: Time | None = None
    ended_at: Time | None = None
    report: Report | None = None
    """None until a run has ended, or the whole pod."""
    message: str | None = None
    no_room: bool = False
    """It waits because its place has no room for it now."""
    collected: Collected | None = None
    """None unless the program has ended and its pod asks for artifacts."""
    output: Output | None = None
    """All that it printed, if it has ended and the runtime gives this at once, as it may for little
    output. It is the same that `Runtime.output` returns.
    """
