"""Messages to and from init, in a jail and in a pod. protocol.h is the same in C."""

import os
import signal
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Final

from sandbox.wire.types import SECOND, File

INIT: Final = Path(__file__).with_name("init")
"""Built from the C sources beside it when the package is installed."""
PROTOCOL: Final = 16
"""As in protocol.h."""
PROGRAM: Final = "/box/program"
"""What a compile stage makes and the run stage starts. As in protocol.h."""

_HEAD = struct.Struct("<QQQQ")
_RECORD = struct.Struct("<cI")
_LIMIT = struct.Struct("<QQQ")
_NUMBER = struct.Struct("<Q")
_REPORT = struct.Struct("<4i3q")
REPORT_BYTES: Final = _REPORT.size


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One program to run in a jail or in a pod."""

    argv: Sequence[str]
    env: Mapping[str, str]
    files: Sequence[File]
    """Written into the working folder first, and only before any program has run there."""
    wall_seconds: float
    rlimits: Mapping[int, tuple[int, int]]
    """Resource (resource.RLIMIT_…) to its soft and its hard limit."""
    paths: Sequence[str] = ()
    """Where the program may be: init uses the first path that exists, instead of `argv[0]`."""
    stdin: bytes | None = None
    """None if stdin is passed as a descriptor, or if the record is added later."""
    cpu_seconds: float = 0
    """For all processes together, like `memory_bytes`; 0 if init does not enforce it."""
    memory_bytes: int = 0
    merged: bool = False
    """stderr is stdout."""
    peak_max_kib: int = 0
    """Cap for the reported peak of memory; 0 if the daemon sees to that."""
    empties: bool = False
    """What other stages left is removed first; in a pod."""
    program: str | None = None
    """Where PROGRAM is, if it was made elsewhere."""
    starts_ahead: bool = False
    """The program is only started, and waits for its task."""
    task: bytes | None = None
    """For the program that was started ahead; it needs neither arguments nor streams."""
    all_memory_is_counted: bool = True
    """By a control group. Otherwise, memory outside any process's address space is not available.
    """


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
    MEASURE = 5
    START_PROGRAM = 6
    """The file at PROGRAM is missing, or the kernel can't start it."""
    COLLECT = 7
    HAND_OVER = 8
    """The program that was started ahead ended before it had read its task."""


class Stop(IntEnum):
    """What init enforced first."""

    NONE = 0
    WALL = 1
    CPU = 2
    MEMORY = 3
    SERVICE = 4
    """The daemon or the collector asked for it."""


@dataclass(frozen=True, slots=True)
class InitReport:
    """`struct report` of protocol.h."""

    kind: int
    step: int
    status: int
    """DONE: the raw wait status; FAILED: errno."""
    stopped_by: int
    """A Stop."""
    wall_us: int
    cpu_us: int
    """CPU time of all processes that the stage left to be reaped; in a pod, of its container."""
    peak_kib: int
    """Peak of the pod's control group; without one, the resident set of the largest process."""

    @property
    def timed_out(self) -> bool:
        return self.stopped_by == Stop.WALL

    @classmethod
    def unpack(cls, message: bytes) -> "InitReport":
        return cls(*_REPORT.unpack(message))

    def fault(self) -> str:
        step = Step(self.step).name.lower().replace("_", " ")
        return f"init failed to {step}: {os.strerror(self.status)}"


def signal_name(number: int) -> str:
    """The name as in signal(7); a real-time signal is counted from SIGRTMIN."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"SIGRTMIN{number - signal.SIGRTMIN:+}"


def encode(stage: Stage) -> tuple[bytes, list[bytes]]:
    """Return the head and the pieces of the body that init reads."""
    wall_us, cpu_us = int(stage.wall_seconds * SECOND), int(stage.cpu_seconds * SECOND)
    pieces = _records(stage)
    size = sum(map(len, pieces))
    return _HEAD.pack(wall_us, cpu_us, stage.memory_bytes, size), pieces


def encode_collect() -> tuple[bytes, bytes]:
    """Return the head and the body that ask for what is at PROGRAM."""
    body = _record(b"C", b"")
    return _HEAD.pack(0, 0, 0, len(body)), body


def encode_list() -> tuple[bytes, bytes]:
    """Return the head and the body that ask for what is in the working folder."""
    body = _record(b"W", b"")
    return _HEAD.pack(0, 0, 0, len(body)), body


def encode_get(names: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Return the head and the body that ask for these files of the working folder."""
    body = b"".join(_record(b"G", name) for name in names)
    return _HEAD.pack(0, 0, 0, len(body)), body


def _records(stage: Stage) -> list[bytes]:
    stdin = [] if stage.stdin is None else [stdin_record(stage.stdin)]
    empties = [_record(b"B", b"")] if stage.empties else []
    program = [_record(b"L", stage.program.encode())] if stage.program else []
    uncounted = [] if stage.all_memory_is_counted else [_record(b"U", b"")]
    ahead = [_record(b"N", b"")] if stage.starts_ahead else []
    task = [] if stage.task is None else [_record(b"H", stage.task)]
    merged = [_record(b"M", b"")] if stage.merged else []
    peak = [_record(b"P", _NUMBER.pack(stage.peak_max_kib))] if stage.peak_max_kib else []
    return [
        *empties,
        *stdin,
        *program,
        *ahead,
        *task,
        *merged,
        *uncounted,
        *peak,
        *records(stage.files),
        *(_record(b"A", argument.encode()) for argument in stage.argv),
        *(_record(b"X", path.encode()) for path in stage.paths),
        *(_record(b"E", f"{name}={value}".encode()) for name, value in stage.env.items()),
        *(
            _record(b"R", _LIMIT.pack(resource, *limit))
            for resource, limit in stage.rlimits.items()
        ),
    ]


def stdin_record(stdin: bytes) -> bytes:
    """Return the part of a body that has this stdin."""
    return _record(b"I", stdin)


def records(files: Sequence[File]) -> list[bytes]:
    """Return the pieces of a body that have these files."""
    return [piece for file in files for piece in _file(file)]


def _file(file: File) -> tuple[bytes, bytes, bytes]:
    """The content is a piece of its own, so that it is not copied."""
    path = file.name.encode() + b"\0"
    return _RECORD.pack(b"F", len(path) + len(file.content)) + path, file.content, b"\0"


def _record(tag: bytes, content: bytes) -> bytes:
    return _RECORD.pack(tag, len(content)) + content + b"\0"
