"""Children that outlived their `podline up`, identified by pid and start time, never by name.

Children die with it (PR_SET_PDEATHSIG), so this is rare; their own children may take a moment.
"""

import json
import os
import select
import signal
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_START_TIME_FIELD = 19
"""Counted after the command's closing parenthesis (field 22 in proc_pid_stat(5))."""


def start_time(pid: int) -> int | None:
    """Clock ticks since boot, unique to a process together with its pid. None if it has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(stat.rpartition(")")[2].split()[_START_TIME_FIELD])


def record(path: Path, pids: Iterable[int]) -> None:
    """Record the running processes. Raises OSError, and then keeps the previous record."""
    processes = [[pid, start_time(pid)] for pid in pids]
    new = path.with_name(path.name + ".new")
    new.write_text(json.dumps(processes), encoding="ascii")
    new.replace(path)


def kill_recorded(path: Path) -> list[int]:
    """Kill the processes of an earlier run that still exist, each with its process group."""
    if not path.exists():
        return []
    try:
        recorded = json.loads(path.read_text(encoding="ascii"))
    except ValueError:  # A loss of power emptied the file, and ended the processes.
        recorded = []
    left = [pid for pid, started in recorded if started and start_time(pid) == started]
    for pid in left:
        _kill_group(pid)
    path.unlink()
    return left


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError):
        descriptor = os.pidfd_open(pid)
        try:
            os.killpg(pid, signal.SIGKILL)
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            _wait_for_exit(descriptor)
        finally:
            os.close(descriptor)


def _wait_for_exit(pidfd: int, seconds: float = 5) -> None:
    """Wait until the process ends, which makes its pidfd readable (pidfd_open(2))."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    poll.poll(seconds * 1000)
