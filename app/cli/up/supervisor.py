"""Keeps children running until a signal, then stops them in reverse order."""

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol, TypeAlias

from app.cli.up import leftovers, logs
from app.cli.up.child import Child
from app.cli.up.errors import GivenUp
from sandbox.systemd import Systemd

STOP_SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
_SIGNALS = STOP_SIGNALS | {signal.SIGCHLD}
_PROBE_SECONDS = 0.03
_LOG_SECONDS = 10.0
LOOK_SECONDS = 5.0
"""Between two looks whether each child is alive."""
_DRAIN_SECONDS = 0.2
"""Between two looks at what is left."""


Restarts: TypeAlias = Mapping[tuple[str, str], int]
"""By child, and `died` or `hung`."""


class Reporter(Protocol):
    """Reports to the user what happens."""

    def ready(self, children: Sequence[Child]) -> None: ...

    def restarted(self, child: Child) -> None: ...

    def died(self, child: Child, status: int, pause: float) -> None: ...

    def hung(self, child: Child) -> None: ...

    def draining(self) -> None: ...

    def stopping(self) -> None: ...

    def killed(self, child: Child) -> None: ...


class Supervisor:
    """Runs in one thread: PDEATHSIG is sent when the thread that forked a child ends."""

    def __init__(
        self,
        children: Sequence[Child],
        record: Path,
        reporter: Reporter,
        drain: Callable[[], bool] | None = None,
        count: Callable[[Restarts], object] = lambda _: None,
        systemd: Systemd | None = None,
    ) -> None:
        """After the first signal, children go on until `drain` returns true, or another signal.

        `count` is given how often each child ended by itself, and why. `systemd` is told that all
        children are ready, and that the supervisor is alive: it looks after the children itself.
        """
        self._drain = drain
        self._children = children
        self._record = record
        self._reporter = reporter
        self._all_were_ready = False
        self._recorded: list[int] | None = None
        self._next_look = 0.0
        self._count = count
        self._systemd = systemd or Systemd()
        self._hung: set[str] = set()
        self._restarts: Counter[tuple[str, str]] = Counter()

    def run(self) -> None:
        """Run until SIGINT, SIGTERM or SIGHUP. No child is left when this returns.

        Raises GivenUp if a child gives up.
        """
        with blocked(_SIGNALS):
            try:
                while wait_for_signal(self._pause()) not in STOP_SIGNALS:
                    self._step()
                self._systemd.stopping()
                if self._drain and self._all_were_ready:
                    self._reporter.draining()
                    while not self._drain() and wait_for_signal(_DRAIN_SECONDS) not in STOP_SIGNALS:
                        self._step()
                self._reporter.stopping()
                for child in reversed(self._children):
                    self._stop(child)
            finally:
                for child in self._children:
                    child.kill()
                with suppress(OSError):
                    self._record.unlink(missing_ok=True)

    def _step(self) -> None:
        for child in self._children:
            if (status := child.reap()) is not None:
                if status == child.program.gives_up:
                    raise GivenUp(child.program.name)
                pause = child.next_start - time.monotonic()
                self._reporter.died(child, status, pause)
                self._count_end(child.program.name)
        self._start_due()
        self._end_hung()
        for child in self._children:
            if child.check_ready() and self._all_were_ready:
                self._reporter.restarted(child)
            if child.log:
                with suppress(OSError):  # it is tried again, and the children matter more
                    logs.rotate(child.log)
        if not self._all_were_ready and all(child.ready for child in self._children):
            self._all_were_ready = True
            self._reporter.ready(self._children)
            self._systemd.ready()
        self._systemd.alive()

    def _start_due(self) -> None:
        now = time.monotonic()
        for child in self._startable():
            if now >= child.next_start:
                child.start()
        self._keep_record()

    def _end_hung(self) -> None:
        """Kill children that hang, which are started again like those that die."""
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + LOOK_SECONDS
        for child in self._children:
            if child.hangs():
                self._reporter.hung(child)
                self._hung.add(child.program.name)
                child.kill_hung()

    def _count_end(self, name: str) -> None:
        """A full disk loses no more than the last count."""
        self._restarts[name, "hung" if name in self._hung else "died"] += 1
        self._hung.discard(name)
        with suppress(OSError):
            self._count(self._restarts)

    def _startable(self) -> list[Child]:
        """Only the first start waits for `needs`: each program survives the loss of another."""
        ready = {child.program.name for child in self._children if child.ready}
        return [
            child
            for child in self._children
            if child.pid is None and (self._all_were_ready or ready.issuperset(child.program.needs))
        ]

    def _keep_record(self) -> None:
        """Update the record, or do so later if the disk is full: children rarely outlive this."""
        pids = [child.pid for child in self._children if child.pid is not None]
        if pids != self._recorded:
            with suppress(OSError):
                leftovers.record(self._record, pids)
                self._recorded = pids

    def _pause(self) -> float:
        """Return how long to wait for a signal until something has to be done."""
        if any(child.pid is not None and not child.ready for child in self._children):
            return _PROBE_SECONDS
        now = time.monotonic()
        starts = [child.next_start - now for child in self._startable()]
        return max(0.0, min([self._systemd.pause or _LOG_SECONDS, self._next_look - now, *starts]))

    def _stop(self, child: Child) -> None:
        """Terminate the child; kill it at its deadline or on a second signal to stop."""
        child.terminate()
        deadline = time.monotonic() + child.program.stop_seconds
        while child.pid is not None and child.reap() is None:
            left = deadline - time.monotonic()
            if left <= 0 or wait_for_signal(left) in STOP_SIGNALS:
                self._reporter.killed(child)
                child.kill()


def wait_for_signal(seconds: float) -> int | None:
    """Return the first signal that asks to stop, or says that a child has ended. None: in time."""
    info = signal.sigtimedwait(_SIGNALS, seconds)
    return info.si_signo if info else None


@contextmanager
def blocked(signals: set[signal.Signals]) -> Iterator[None]:
    """Block the signals, so that they arrive only where they are waited for."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
