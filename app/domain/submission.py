"""What a client asks for: a program, its input, its limits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Self

from app.domain.compare import Compare, equal
from app.domain.compare.kinds import EXACT, LINES
from app.domain.declared import means

BYTE_ORDER_MARK: Final = "\ufeff"
MAX_DOOR_DATA_BYTES: Final = 16 * 1024


class Priority(StrEnum):
    """The five bands of admission, most urgent first."""

    CRITICAL = "critical"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"
    BACKGROUND = "background"

    @property
    def band(self) -> int:
        """0 for critical … 4 for background."""
        return _BANDS[self]


_BANDS: Final = {priority: band for band, priority in enumerate(Priority)}


class Streams(StrEnum):
    """What happens to a program's stderr."""

    SEPARATE = "separate"
    MERGED = "merged"
    """Both streams share one pipe, so their order is exact and all output is stdout."""


class Buffering(StrEnum):
    """When a program's output leaves the program."""

    LINE = "line"
    """After each line, if the language can."""
    BLOCK = "block"
    """When the language decides, which is faster for programs that print a lot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one stage (the compiler, or the program) may use at most."""

    wall_seconds: float = field(metadata=means("time from start to end", gt=0))
    cpu_seconds: float = field(metadata=means("CPU time of all processes together", gt=0))
    memory_mib: int = field(metadata=means("memory of all processes together, MiB", gt=0))
    processes: int = field(metadata=means("processes and threads at once", gt=0))
    output_kib: int = field(metadata=means("output on each of stdout and stderr, KiB", gt=0))
    disk_mib: int = field(metadata=means("files that can be written, MiB", gt=0))
    stack_mib: int | None = None
    """None: as much as `memory_mib` where a control group limits memory, otherwise 8 MiB."""

    def disk_mib_with(self, compile_limits: "Limits", *, compiled: bool) -> int:
        """The size of the volume, which both stages share if there is a compile stage."""
        return max(self.disk_mib, compile_limits.disk_mib) if compiled else self.disk_mib


@dataclass(frozen=True, slots=True)
class File:
    """One file of a submission; `name` is a relative path without `..`."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class ExpectedOutput:
    """What stdout must be, and how the two are compared."""

    content: bytes
    exact: bool = False
    """Says it for releases, and for programs of releases, that know only `exact` and `lines`."""
    compare: Compare | None = None

    @classmethod
    def of(cls, content: bytes, compare: Compare) -> Self:
        return cls(content, exact=compare == EXACT, compare=compare)

    def matches(self, stdout: bytes) -> bool:
        return equal(stdout, self.content, self.compare or (EXACT if self.exact else LINES))


class KeepOutput(StrEnum):
    """Of which tests the output is stored."""

    ALL = "all"
    FAILURES = "failures"
    """Tests whose outcome is not success."""
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmittedTest:
    """One run of the program with its own input. None means: as in the submission."""

    name: str
    """Unique in its submission."""
    stdin: bytes | None = None
    args: tuple[str, ...] | None = None
    env: Mapping[str, str] | None = None
    files: tuple[File, ...] = ()
    """In addition to those of the program."""
    limits: Limits | None = None
    expected_output: ExpectedOutput | None = None
    compare: Compare | None = None
    """Also holds for the submission's expected output."""
    points: float = 1


CHECKED_FILES: Final = ("input", "output", "answer")
"""The files that a checker is given, which are also its arguments, as in testlib."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checker:
    """A program that judges what another one printed. It never runs where that one did."""

    language: str
    language_version: str
    files: tuple[File, ...]
    entrypoint: str
    limits: Limits
    """Its disk is what it can write, in addition to what it judges."""
    compile_limits: Limits
    compile_args: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A program as it was accepted: checked, and with every limit filled in."""

    language: str
    language_version: str
    files: tuple[File, ...]
    entrypoint: str
    stdin: bytes = b""
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    limits: Limits
    compile_limits: Limits
    compile_args: tuple[str, ...] = ()
    """Passed to the compiler unchanged."""
    streams: Streams = Streams.SEPARATE
    buffering: Buffering = Buffering.LINE
    expected_output: ExpectedOutput | None = None
    tests: tuple[SubmittedTest, ...] = ()
    """Empty for a single run, without a test."""
    checker: Checker | None = None
    """Judges instead of comparing with the expected output."""
    stop_on_failure: bool = False
    keep_output: KeepOutput = KeepOutput.ALL
    priority: Priority = Priority.NORMAL
    labels: Mapping[str, str] = field(default_factory=dict)
    callback_url: str | None = None
    callback_form: str | None = None
    """The name of the form in which its callback is sent; None for Podline's own."""
    artifacts: tuple[str, ...] = ()
    """Patterns, as in git's ignore files, of files to keep once the program has ended."""
    sent: Mapping[str, Any] | None = None
    """An outline of what the client sent; None for a submission of an earlier release."""
    door_data: str | None = field(default=None, repr=False)
    """What a door remembers of what its client sent. Only that door reads it."""

    def expected(self, index: int) -> ExpectedOutput | None:
        """What the run of this index has to print."""
        test = self.tests[index] if self.tests else None
        if test is None or test.expected_output is not None:
            return test.expected_output if test else self.expected_output
        if self.expected_output is None or test.compare is None:
            return self.expected_output
        return ExpectedOutput.of(self.expected_output.content, test.compare)
