"""One program that `podline up` keeps running."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from app.cli.up.logs import open_log
from app.tether import die_with

FIRST_BACKOFF = 0.5
MAX_BACKOFF = 30.0
STEADY_SECONDS = 60.0
"""After running for this long, a child starts again with the first back-off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What to run, and how to know that it is ready. Times are in seconds."""

    name: str
    argv: tuple[str, ...]
    address: str = ""
    """Where it listens, as shown to the user."""
    ready: Callable[[int], bool] = lambda _: True
    """Called with the pid until it returns true."""
    alive: Callable[[int], bool] = lambda _: True
    """Called with the pid from time to time, once it is ready. Takes at most two seconds."""
    patience: int = 6
    """It hangs if it was not alive this often in a row."""
    needs: tuple[str, ...] = ()
    """The programs that must be ready before this one starts."""
    environment: Mapping[str, str] = field(default_factory=dict)
    nice: int = 0
    """Above 0, it gives way to the others when CPU time is short."""
    gives_up: int | None = None
    """The exit code with which it says that everything has to end."""
    stop_seconds: float = 5
    """The time between SIGTERM and SIGKILL."""


class Child:
    """The current process of a program."""

    def __init__(self, program: Program, log: Path | None, folder: Path) -> None:
        """Without a log, it prints where this process does."""
        self.program = program
        self.log = log
        self._folder = folder
        self.ready = False
        self.next_start = 0.0
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._backoff = FIRST_BACKOFF
        self._missed = 0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start it in its own session, so that Ctrl-C in a terminal reaches only the supervisor."""
        log = open_log(self.log) if self.log else None
        try:
            self._process = subprocess.Popen(
                self.program.argv,
                env={**os.environ, **self.program.environment},
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=partial(_before_exec, os.getpid(), self.program.nice),
            )
        finally:
            if log is not None:
                os.close(log)
        self._started = time.monotonic()
        self._missed = 0

    def check_ready(self) -> bool:
        """Whether it has just become ready."""
        if self.ready or self._process is None:
            return False
        self.ready = self.program.ready(self._process.pid)
        return self.ready

    def hangs(self) -> bool:
        """Whether it did not respond for long, though it runs.

        Times in which nobody asked, as when the machine was suspended, count for nothing.
        """
        if not self.ready or self._process is None:
            return False
        pid = self._process.pid
        self._missed = 0 if not _is_stopped(pid) and self.program.alive(pid) else self._missed + 1
        return self._missed >= self.program.patience

    def kill_hung(self) -> None:
        """Kill it with its processes. `reap` then finds that it ended."""
        self._kill_group()

    def reap(self) -> int | None:
        """Return the exit status (negative for a signal) if it ended, and schedule the restart."""
        if self._process is None or not _has_ended(self._process.pid):
            return None
        self._kill_group()
        status = self._process.wait()
        self._process = None
        self.ready = False
        now = time.monotonic()
        if now - self._started > STEADY_SECONDS:
            self._backoff = FIRST_BACKOFF
        self.next_start = now + self._backoff
        self._backoff = min(2 * self._backoff, MAX_BACKOFF)
        return status

    def terminate(self) -> None:
        if self._process:
            self._process.terminate()

    def kill(self) -> None:
        if self._process:
            self._kill_group()
            self._process.wait()
            self._process = None

    def _kill_group(self) -> None:
        """Also kill the processes that the program left behind."""
        if self._process:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)


def _has_ended(pid: int) -> bool:
    """Leave the zombie unreaped, so that its process-group id can't be reused before the kill."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _is_stopped(pid: int) -> bool:
    """Whether a signal or a debugger stopped it (field 3 in proc_pid_stat(5))."""
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    return stat.rpartition(")")[2].split()[0] in ("T", "t")


def _before_exec(supervisor: int, nice: int) -> None:
    die_with(supervisor)
    os.nice(nice)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
