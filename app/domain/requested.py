"""A submission as a client sent it: of the right types, and nothing more is known of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.domain.submission import Priority, Streams


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedFile:
    """One file."""

    name: str
    content: str
    encoding: str = "utf-8"
    """`utf-8` or `base64`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedLimits:
    """The limits of one stage; None takes the default."""

    wall_seconds: float | None = None
    cpu_seconds: float | None = None
    memory_mib: float | None = None
    processes: float | None = None
    output_kib: float | None = None
    disk_mib: float | None = None
    stack_mib: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedSubmission:
    """All that may be said of a submission; docs/api.md says what goes together."""

    language: str | None = None
    version: str | None = None
    source: str | None = None
    files: Sequence[RequestedFile] | None = None
    entrypoint: str | None = None
    stdin: str | None = None
    stdin_base64: str | None = None
    args: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    limits: RequestedLimits = RequestedLimits()
    compile_limits: RequestedLimits = RequestedLimits()
    compile_args: Sequence[str] = ()
    streams: str = Streams.SEPARATE
    buffering: str | None = None
    expected_output: str | None = None
    expected_output_base64: str | None = None
    priority: str = Priority.NORMAL
    callback_url: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
