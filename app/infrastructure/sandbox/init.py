"""What the daemon and init, the pid 1 of a jail, say to each other. init.c is the other side."""

import os
import socket
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Final

from app.domain.execution import SECOND
from app.domain.submission import File

PROGRAM: Final = Path(__file__).with_name("init")
"""Built from init.c when the package is installed."""
PROTOCOL: Final = 2
"""As in init.c."""

_HEAD = struct.Struct("<QQ")
_RECORD = struct.Struct("<cI")
_LIMIT = struct.Struct("<QQQ")
_REPORT = struct.Struct("<4i3q")
_CREDENTIALS = struct.Struct("3i")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One program to be run in a jail."""

    argv: Sequence[str]
    env: Mapping[str, str]
    files: Sequence[File]
    """Written into the working folder first. Only before any program ran in the jail."""
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
    """`struct report` of init.c."""

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

    def fault(self) -> str:
        step = Step(self.step).name.lower().replace("_", " ")
        return f"init failed to {step}: {os.strerror(self.status)}"


def send_stage(control: socket.socket, stage: Stage, streams: Sequence[int]) -> None:
    """Have init run it on these descriptors (stdin, stdout, stderr)."""
    body = b"".join(_records(stage))
    socket.send_fds(control, [_HEAD.pack(int(stage.wall_seconds * SECOND), len(body))], streams)
    control.sendall(body)


def receive_report(control: socket.socket) -> InitReport | None:
    """None if init is gone."""
    try:
        message = control.recv(_REPORT.size, socket.MSG_WAITALL)
    except ConnectionError:
        return None
    if len(message) < _REPORT.size:
        return None
    return InitReport(*_REPORT.unpack(message))


def receive_ready(control: socket.socket) -> int | None:
    """The pid of init, as the daemon sees it, when it says READY; None if it is gone.

    The kernel tells the pid, translated (SO_PASSCRED, unix(7)).
    """
    space = socket.CMSG_SPACE(_CREDENTIALS.size)
    try:
        message, ancillary, _, _ = control.recvmsg(_REPORT.size, space, socket.MSG_WAITALL)
    except ConnectionError:
        return None
    if len(message) < _REPORT.size or InitReport(*_REPORT.unpack(message)).kind != Kind.READY:
        return None
    pids = [_CREDENTIALS.unpack(data)[0] for *_, data in ancillary]
    return pids[0] if pids else None


def send_kill(control: socket.socket) -> None:
    """Have init kill the stage that runs; DONE follows all the same."""
    control.send(b"k", socket.MSG_NOSIGNAL)


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
