"""What is said to init, and by it, in a jail and in a pod. protocol.h says the same in C."""

import os
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Final

from app.domain.execution import SECOND
from app.domain.submission import File

INIT: Final = Path(__file__).with_name("init")
"""Built from init.c and the rest when the package is installed."""
PROTOCOL: Final = 2
"""As in protocol.h."""

_HEAD = struct.Struct("<QQ")
_RECORD = struct.Struct("<cI")
_LIMIT = struct.Struct("<QQQ")
_REPORT = struct.Struct("<4i3q")
REPORT_BYTES: Final = _REPORT.size


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One program to be run in a jail or in a pod."""

    argv: Sequence[str]
    env: Mapping[str, str]
    files: Sequence[File]
    """Written into the working folder first. Only before any program ran there."""
    wall_seconds: float
    rlimits: Mapping[int, tuple[int, int]]
    """Resource (resource.RLIMIT_…) to its soft and its hard limit."""


class Kind(IntEnum):
    READY = 1
    STARTED = 2
    DONE = 3
    FAILED = 4


class Step(IntEnum):
    """Where init failed."""

    RECEIVE = 1
    WRITE_FILES = 2
    FORK = 3
    EXECUTE = 4


@dataclass(frozen=True, slots=True)
class InitReport:
    """`struct report` of protocol.h."""

    kind: int
    step: int
    status: int
    """DONE: the raw wait status; FAILED: errno."""
    timed_out: int
    wall_us: int
    cpu_us: int
    """Of all processes that the stage left to be reaped."""
    peak_kib: int
    """Resident set of the largest process."""

    @classmethod
    def unpack(cls, message: bytes) -> "InitReport":
        return cls(*_REPORT.unpack(message))

    def fault(self) -> str:
        step = Step(self.step).name.lower().replace("_", " ")
        return f"init failed to {step}: {os.strerror(self.status)}"


def encode(stage: Stage) -> tuple[bytes, bytes]:
    """The head and the body that init takes."""
    body = b"".join(_records(stage))
    return _HEAD.pack(int(stage.wall_seconds * SECOND), len(body)), body


def _records(stage: Stage) -> list[bytes]:
    return [
        *(_record(b"F", file.name.encode() + b"\0" + file.content) for file in stage.files),
        *(_record(b"A", argument.encode()) for argument in stage.argv),
        *(_record(b"E", f"{name}={value}".encode()) for name, value in stage.env.items()),
        *(
            _record(b"R", _LIMIT.pack(resource, *limit))
            for resource, limit in stage.rlimits.items()
        ),
    ]


def _record(tag: bytes, content: bytes) -> bytes:
    return _RECORD.pack(tag, len(content)) + content + b"\0"
