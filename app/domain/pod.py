"""What a runtime runs, and what it reports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from typing import Final

from app.domain.artifact import DEFAULT_MAXIMA, ArtifactMaxima, Collected
from app.domain.execution import Time
from app.domain.policy import MAX_WALL_SECONDS
from app.domain.submission import (
    CHECKED_FILES,
    Buffering,
    Checker,
    File,
    Limits,
    Streams,
    Submission,
)

_MIB: Final = 1024 * 1024


def _size(file: File) -> int:
    return len(file.name.encode()) + len(file.content)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One start of the program, in a place where nothing is left of the runs before it."""

    stdin: bytes
    args: tuple[str, ...]
    env: Mapping[str, str]
    limits: Limits
    files: tuple[File, ...] = ()
    """Added to the working folder of this run only. One replaces a file of the same name."""

    @property
    def input_bytes(self) -> int:
        texts = (*self.args, *self.env, *self.env.values())
        return (
            len(self.stdin)
            + sum(len(text.encode()) + 1 for text in texts)
            + sum(map(_size, self.files))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """One attempt: the program is compiled once, if at all, and then run one or more times.

    Expected outputs, checker and points are not in it, so they never enter a sandbox.
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
    artifact_maxima: ArtifactMaxima = DEFAULT_MAXIMA
    owner: str = ""
    """Stands for who submitted it, and says no name. What a compiler makes may be kept for later
    pods of the same owner; without an owner, nothing is kept.
    """

    @classmethod
    def of(
        cls,
        name: str,
        submission: Submission,
        most_wall_seconds: float = MAX_WALL_SECONDS,
        artifact_maxima: ArtifactMaxima = DEFAULT_MAXIMA,
    ) -> "Pod":
        """The pod of a submission. Tests have `most_wall_seconds` together."""
        limits, compile_limits = submission.limits, submission.compile_limits
        alone = compile_limits.wall_seconds + limits.wall_seconds
        return cls(
            name=name,
            language=submission.language,
            language_version=submission.language_version,
            files=submission.files,
            entrypoint=submission.entrypoint,
            runs=_runs(submission),
            compile_limits=compile_limits,
            wall_seconds=most_wall_seconds if submission.tests else alone,
            compile_args=submission.compile_args,
            streams=submission.streams,
            buffering=submission.buffering,
            artifacts=() if submission.tests else submission.artifacts,
            artifact_maxima=artifact_maxima,
            stop_on_failure=submission.stop_on_failure,
        )

    @classmethod
    def of_checker(
        cls, name: str, checker: Checker, runs: Sequence[Run], wall_seconds: float
    ) -> "Pod":
        """A pod of a checker, with such runs as `check` makes."""
        return cls(
            name=name,
            language=checker.language,
            language_version=checker.language_version,
            files=checker.files,
            entrypoint=checker.entrypoint,
            runs=tuple(runs),
            compile_limits=checker.compile_limits,
            wall_seconds=wall_seconds,
            compile_args=checker.compile_args,
            buffering=Buffering.BLOCK,
        )

    def owned_by(self, owner: str) -> "Pod":
        """This pod, which can use what was compiled before for the owner of that name."""
        return replace(self, owner=sha256(owner.encode()).hexdigest())

    @property
    def input_bytes(self) -> int:
        """Files, and what each run is given. A run that replaces a file has its own copy of all."""
        files = sum(map(_size, self.files))
        names = {file.name for file in self.files}
        return files + sum(
            run.input_bytes + (0 if names.isdisjoint(file.name for file in run.files) else files)
            for run in self.runs
        )

    def disk_mib(self, *, compiled: bool) -> int:
        """The largest volume that a stage needs; the first run shares it with a compile stage."""
        return max(
            run.limits.disk_mib_with(self.compile_limits, compiled=compiled) for run in self.runs
        )


def check(checker: Checker, input: bytes, output: bytes, answer: bytes) -> Run:
    """The run of a checker that looks at these three."""
    contents = (input, output, answer)
    files = map(File, CHECKED_FILES, contents)
    mib = -(-sum(map(len, contents)) // _MIB)
    return Run(
        stdin=b"",
        args=CHECKED_FILES,
        env={},
        limits=replace(checker.limits, disk_mib=checker.limits.disk_mib + mib),
        files=tuple(files),
    )


def _runs(submission: Submission) -> tuple[Run, ...]:
    alone = Run(
        stdin=submission.stdin,
        args=submission.args,
        env=submission.env,
        limits=submission.limits,
    )
    if not submission.tests:
        return (alone,)
    return tuple(
        Run(
            stdin=alone.stdin if test.stdin is None else test.stdin,
            args=alone.args if test.args is None else test.args,
            env=alone.env if test.env is None else test.env,
            limits=test.limits or alone.limits,
            files=test.files,
        )
        for test in submission.tests
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
