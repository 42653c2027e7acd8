"""What a runtime runs, and what it reports."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

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
class Pod:
    """One attempt to run. The expected output is not in it, so it never enters a sandbox."""

    name: str
    language: str
    language_version: str
    files: tuple[File, ...]
    entrypoint: str
    stdin: bytes
    args: tuple[str, ...]
    env: Mapping[str, str]
    limits: Limits
    compile_limits: Limits
    compile_args: tuple[str, ...] = ()
    streams: Streams = Streams.SEPARATE
    buffering: Buffering = Buffering.LINE

    @classmethod
    def of(cls, name: str, submission: Submission) -> "Pod":
        return cls(
            name=name,
            language=submission.language,
            language_version=submission.language_version,
            files=submission.files,
            entrypoint=submission.entrypoint,
            stdin=submission.stdin,
            args=submission.args,
            env=submission.env,
            limits=submission.limits,
            compile_limits=submission.compile_limits,
            compile_args=submission.compile_args,
            streams=submission.streams,
            buffering=submission.buffering,
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How a pod ended. `run` is None if the compile stage did not succeed, or made nothing that
    can be started.
    """

    compile: StageReport | None
    run: StageReport | None

    @property
    def message(self) -> str | None:
        """Explains a compile error that the compiler itself did not report; otherwise None."""
        if self.compile is None:
            return None
        if stopped_by := self.compile.stopped_by:
            return f"A limit stopped the compiler: compile_limits.{stopped_by}"
        if self.run is None and self.compile.exit_code == 0:
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
    message: str | None = None


class Stream(StrEnum):
    STDOUT = "stdout"
    STDERR = "stderr"


@dataclass(frozen=True, slots=True)
class Frame:
    """A piece of the program's output. Frames are in the order in which they were read."""

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
    """What a pod printed. `run` is None if the program did not start."""

    compile: StageOutput | None
    run: StageOutput | None


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
    if run.signal is not None or run.exit_code != 0:
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
