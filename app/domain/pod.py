"""What a runtime runs. `app.domain.report` has what it reports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

from app.domain.artifact import DEFAULT_MAXIMA, ArtifactMaxima
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
        cls,
        name: str,
        checker: Checker,
        runs: Sequence[Run],
        wall_seconds: float,
        *,
        stop_on_failure: bool = False,
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
            stop_on_failure=stop_on_failure,
        )

    def owned_by(self, owner: str) -> "Pod":
        """This pod, which can use what was compiled before for the owner of that name."""
        return replace(self, owner=sha256(owner.encode()).hexdigest())

    @property
    def input_bytes(self) -> int:
        """Files, and what each run is given. A run that replaces a file has its own copy of all.

        Stdin that several runs have counts once.
        """
        files = sum(map(_size, self.files))
        names = {file.name for file in self.files}
        stdin = [run.stdin for run in self.runs]
        repeated = sum(map(len, stdin)) - sum(map(len, set(stdin)))
        of_runs = sum(
            run.input_bytes + (0 if names.isdisjoint(file.name for file in run.files) else files)
            for run in self.runs
        )
        return files + of_runs - repeated

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
