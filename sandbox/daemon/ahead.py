"""A compiler that was started before its program came, in a jail that nothing else has used.

It runs one program's compile stage and is gone. One waits at a time, for the language that was
compiled last.
"""

import logging
import select
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from resource import RLIMIT_CPU
from typing import Final, Protocol

from sandbox.daemon.bay import Bay
from sandbox.daemon.recorder import Recorder
from sandbox.daemon.spare import Machine
from sandbox.daemon.stage import Fault, Started, stage_of
from sandbox.daemon.streams import OutputPipes, filled_stdin
from sandbox.init.control import receive_report, send_stage
from sandbox.init.program import Program, tasks
from sandbox.init.protocol import Kind, Stage
from sandbox.jail.jail import Jail
from sandbox.metering.meter import Meter

_SECONDS_TO_START: Final = 30.0
_SECONDS_BETWEEN_LOOKS: Final = 0.2
_SHARE_OF_A_CORE: Final = 0.8
_TIMES_ITS_MEMORY: Final = 2
"""How much of the machine's memory has to be free for it, in units of its own limit."""

log = logging.getLogger(__name__)


class When(StrEnum):
    """When compilers are started ahead."""

    NEVER = "never"
    IDLE = "idle"
    """A core and memory are to spare."""
    ALWAYS = "always"
    """Even if a program has to wait for it, so that tests know which compiler they test."""


class Room(Protocol):
    """What the machine has to spare."""

    def idle_seconds(self) -> float: ...
    def free_mib(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What suits a pod: a program that can be started ahead, and the size of its box."""

    program: Program
    disk_mib: int


class Ahead:
    """Safe for many threads. Its own thread starts and removes what waits."""

    def __init__(
        self,
        bay: Bay,
        when: When,
        machine: Room | None = None,
        *,
        seconds_of_use: float = 300.0,
        seconds_between_looks: float = 10.0,
    ) -> None:
        """`bay` has no pods of its own. One waits until `seconds_of_use` after its last use.

        `seconds_between_looks` is how often it is checked that it may still wait.
        """
        self._bay = bay
        self._when = when
        self._machine = machine or Machine()
        self._seconds_of_use = seconds_of_use
        self._seconds_between_looks = seconds_between_looks
        self._changed = threading.Condition()
        self._wanted: Wanted | None = None
        self._wanted_at = 0.0
        self._waiting: tuple[Wanted, Started] | None = None
        self._lent = False
        self._starting: Jail | None = None
        self._stopped = False
        self._thread = threading.Thread(target=self._serve, name="ahead")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Return when nothing runs any more. Nothing may be lent."""
        with self._changed:
            self._stopped = True
            if self._starting:
                self._starting.hang_up()
            self._changed.notify_all()
        self._thread.join()

    @contextmanager
    def lend(self, wanted: Wanted) -> Iterator[Started | None]:
        """One that waits, for one use; None if none does. Either way, the next one is like it."""
        started = self._take(wanted)
        try:
            yield started
        finally:
            if started:
                started.jail.hang_up()
                with self._changed:
                    self._lent = False
                    self._changed.notify_all()

    def _take(self, wanted: Wanted) -> Started | None:
        with self._changed:
            self._wanted, self._wanted_at = wanted, time.monotonic()
            self._changed.notify_all()
            if self._when is When.ALWAYS:
                self._changed.wait_for(lambda: self._suits(wanted), _SECONDS_TO_START)
            if not self._suits(wanted) or not self._waiting:
                return None
            (_, started), self._waiting, self._lent = self._waiting, None, True
            return started

    def _suits(self, wanted: Wanted) -> bool:
        if self._waiting is None:
            return False
        suits, started = self._waiting
        return suits == wanted and not started.jail.is_gone()

    def _serve(self) -> None:
        self._bay.meter.join()
        while wanted := self._next():
            try:
                started = self._start(wanted)
            except (Fault, OSError) as error:
                self._give_up(wanted, error)
                continue
            self._offer(wanted, started)
            started.pipes.close()
            self._bay.clear(started.jail)

    def _next(self) -> Wanted | None:
        """Wait until one is wanted, and there is room for it. None when the daemon stops."""
        with self._changed:
            while not self._stopped:
                if not self._is_wanted():
                    self._changed.wait()
                elif self._has_room():
                    return self._wanted
        return None

    def _is_wanted(self) -> bool:
        return (
            self._wanted is not None and time.monotonic() < self._wanted_at + self._seconds_of_use
        )

    def _has_room(self) -> bool:
        """Look for a while whether a core is idle."""
        if self._when is When.ALWAYS:
            return True
        begun, idle_before = time.monotonic(), self._machine.idle_seconds()
        self._changed.wait(_SECONDS_BETWEEN_LOOKS)
        seconds = time.monotonic() - begun
        is_idle = self._machine.idle_seconds() - idle_before >= _SHARE_OF_A_CORE * seconds
        return seconds >= _SECONDS_BETWEEN_LOOKS and is_idle and self._has_memory()

    def _has_memory(self) -> bool:
        needed = self._wanted.program.limits.memory_mib if self._wanted else 0
        return self._machine.free_mib() >= _TIMES_ITS_MEMORY * needed

    def _start(self, wanted: Wanted) -> Started:
        """Raises Fault and OSError."""
        jail = self._bay.take_jail(wanted.disk_mib)
        with self._changed:
            self._starting = jail
            if self._stopped:
                jail.hang_up()
        try:
            if not self._bay.settle(jail):
                raise Fault("the jail could not be set up")
            return start(jail, self._bay.meter, wanted.program)
        except BaseException:  # whatever it was, nothing stays
            self._bay.clear(jail)
            raise
        finally:
            with self._changed:
                self._starting = None

    def _give_up(self, wanted: Wanted, error: Exception) -> None:
        """Start none until one is wanted again."""
        with self._changed:
            if self._wanted == wanted:
                self._wanted = None
            if not self._stopped:
                log.warning("a compiler could not be started ahead: %s", error)

    def _offer(self, wanted: Wanted, started: Started) -> None:
        """Return once it was used, or nobody is likely to."""
        with self._changed:
            self._waiting = wanted, started
            self._changed.notify_all()
            while self._waiting and self._may_stay(wanted, started):
                self._changed.wait(self._seconds_between_looks)
            self._waiting = None
            while self._lent:
                self._changed.wait()

    def _may_stay(self, wanted: Wanted, started: Started) -> bool:
        still_wanted = self._is_wanted() and self._wanted == wanted and not self._stopped
        alive = self._bay.is_current() and not started.jail.is_gone()
        return still_wanted and alive and (self._when is When.ALWAYS or self._has_memory())


def start(jail: Jail, meter: Meter, program: Program) -> Started:
    """Start the program, and return once it waits for its task. Raises Fault and OSError."""
    meter.begin(program.limits.memory_mib, tasks(program))
    pipes = OutputPipes(Recorder(0))
    try:
        with filled_stdin(b"") as stdin:
            send_stage(jail.control, _stage(program, meter), (stdin, *pipes.write_ends))
        pipes.close_write_ends()
        deadline = time.monotonic() + _SECONDS_TO_START
        _expect(Kind.STARTED, jail, deadline)
        of_its_start = meter.cpu_us()
        _expect(Kind.READY, jail, deadline)
    except BaseException:  # whatever it was, nothing stays
        pipes.close()
        raise
    return Started(jail, meter, pipes, warm_up_cpu_us=meter.cpu_us() - of_its_start)


def _stage(program: Program, meter: Meter) -> Stage:
    """CPU time is limited when the task is there."""
    stage = stage_of(program, meter)
    limits = {kind: limit for kind, limit in stage.rlimits.items() if kind != RLIMIT_CPU}
    return replace(stage, rlimits=limits, starts_ahead=True)


def _expect(kind: Kind, jail: Jail, deadline: float) -> None:
    poll = select.poll()
    poll.register(jail.control, select.POLLIN)
    poll.poll(max(0.0, deadline - time.monotonic()) * 1_000)
    if not poll.poll(0):
        raise Fault(f"it takes longer than {_SECONDS_TO_START:.0f} s")
    report = receive_report(jail.control)
    if report is None:
        raise Fault("its jail ended")
    if report.kind != kind:
        raise Fault(report.fault())
