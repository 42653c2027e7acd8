"""What a runtime runs, and what it reports."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.domain.artifact import Collected
from app.domain.execution import Outcome, Time, Verdict
from app.domain.submission import (
    Buffering,
    ExpectedOutput,
    File,
    Limits,
    Streams,
    Submission,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One start of the program, in a place where nothing is left of the runs before it."""

    stdin: bytes
    args: tuple[str, ...]
    env: Mapping[str, str]
    limits: Limits
    files: tuple[File, ...] = ()
    """Added to the working folder of this run only. One replaces a file of the same name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """One attempt: the program is compiled once, if at all, and then run one or more times.

    The expected output is not in it, so it never enters a sandbox.
    """

    name: str
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

    @classmethod
    def of(cls, name: str, submission: Submission) -> "Pod":
        limits, compile_limits = submission.limits, submission.compile_limits
        run = Run(stdin=submission.stdin, args=submission.args, env=submission.env, limits=limits)
        return cls(
            name=name,
            language=submission.language,
            language_version=submission.language_version,
            files=submission.files,
            entrypoint=submission.entrypoint,
            runs=(run,),
            compile_limits=compile_limits,
            wall_seconds=compile_limits.wall_seconds + limits.wall_seconds,
            compile_args=submission.compile_args,
            streams=submission.streams,
            buffering=submission.buffering,
            artifacts=submission.artifacts,
        )

    def disk_mib(self, *, compiled: bool) -> int:
        """The largest volume that a stage needs; the first run shares it with a compile stage."""
        return max(
            run.limits.disk_mib_with(self.compile_limits, compiled=compiled) for run in self.runs
        )


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
    collected: Collected | None = None
    """None unless the program has ended and its pod asks for artifacts."""


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


def judge(
    observation: Observation, expected: ExpectedOutput | None, output: Output | None
) -> Verdict:
    """The verdict on an ended pod. `output` is needed only if `expected` is given.

    compile_error comes first; then the first limit that was enforced; then a signal or a
    non-zero exit; then wrong output (docs/architecture.md, "Which outcome wins").
    """
    if observation.report is None or observation.started_at is None or observation.ended_at is None:
        raise ValueError(f"pod {observation.name} has not ended")
    run = observation.report.run
    started_at, finished_at = observation.started_at, observation.ended_at
    if run is None:
        return Verdict(Outcome.COMPILE_ERROR, None, None, started_at, finished_at)
    return Verdict(
        _outcome(run, expected, output), run.exit_code, run.signal, started_at, finished_at
    )


def _outcome(run: StageReport, expected: ExpectedOutput | None, output: Output | None) -> Outcome:
    if run.stopped_by is not None:
        return _OUTCOME_OF_LIMIT[run.stopped_by]
    if run.failed:
        return Outcome.RUNTIME_ERROR
    if expected is not None:
        stdout = output.run.stdout if output and output.run else b""
        if not expected.matches(stdout):
            return Outcome.WRONG_OUTPUT
    return Outcome.SUCCESS


_OUTCOME_OF_LIMIT = {
    Limit.WALL: Outcome.TIME_LIMIT,
    Limit.CPU: Outcome.TIME_LIMIT,
    Limit.MEMORY: Outcome.MEMORY_LIMIT,
    Limit.OUTPUT: Outcome.OUTPUT_LIMIT,
}
