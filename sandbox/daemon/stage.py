"""One stage (compile or run) in a jail: its limits, and how it ended."""

import math
import os
import select
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from resource import RLIMIT_CPU
from typing import Final, TypeVar

from sandbox.daemon.entries import InitEnded
from sandbox.daemon.recorder import Recorder
from sandbox.daemon.streams import OutputPipes, filled_stdin
from sandbox.init.control import receive_report, send_kill, send_request, send_stage
from sandbox.init.program import Program, rlimits, tasks
from sandbox.init.protocol import InitReport, Kind, Stage, Step, Stop, signal_name
from sandbox.jail.jail import Jail
from sandbox.metering.meter import Meter
from sandbox.wire.types import SECOND, File, Limit, StageReport

_KIB: Final = 1024
_SMALL_READ: Final = 16384
_SECONDS_AFTER_SMALL_READ: Final = 0.01
"""A program that prints byte by byte makes one frame per pause instead of one per byte."""
_SECONDS_BETWEEN_CPU_CHECKS: Final = 0.01
_SECONDS_OF_GRACE: Final = 2.0
"""Init enforces the wall limit. If it reports nothing for this long after it, the jail is killed.
"""
_CPUS: Final = os.cpu_count() or 1

T = TypeVar("T")


class Fault(Exception):
    """The sandbox failed. Says nothing about the program."""


class NotHandedOver(Fault):
    """The program that was started ahead ended before it had read its task."""


class NotStarted(Fault):
    """What a compiler should have made is missing or can't be started."""


def run_stage(
    jail: Jail,
    meter: Meter,
    program: Program,
    files: Sequence[File],
    recorder: Recorder,
    made: str | None = None,
) -> StageReport:
    """Write the files and run the program until nothing of it is left. Raises Fault.

    `made` is where the jail has what a compile stage made in another jail.
    """
    try:
        meter.begin(program.limits.memory_mib, tasks(program))
    except OSError as error:
        raise Fault(f"the memory limit could not be set: {error}") from error
    with closing(OutputPipes(recorder)) as pipes:
        stage = stage_of(program, meter, files, made)
        return _StageRun(jail, meter, program, recorder, pipes).run(stage)


def run_started(
    started: "Started", program: Program, task: bytes, files: Sequence[File], recorder: Recorder
) -> StageReport:
    """Like `run_stage`, with a program that was started ahead: from here on, its time counts.

    Raises NotHandedOver if it ended before it had read its task, and Fault.
    """
    started.pipes.continue_in(recorder)
    run = _StageRun(
        started.jail, started.meter, program, recorder, started.pipes, started.warm_up_cpu_us
    )
    limits = {RLIMIT_CPU: _later(rlimits(program, alone=False)[RLIMIT_CPU], started.warm_up_cpu_us)}
    return run.run(
        Stage(
            argv=(),
            env={},
            files=files,
            wall_seconds=program.limits.wall_seconds,
            rlimits=limits,
            task=task,
        )
    )


def _later(limit: tuple[int, int], used_us: int) -> tuple[int, int]:
    used_seconds = math.ceil(used_us / SECOND)
    return limit[0] + used_seconds, limit[1] + used_seconds


def stage_of(
    program: Program, meter: Meter, files: Sequence[File] = (), made: str | None = None
) -> Stage:
    return Stage(
        argv=program.argv,
        env=program.env,
        files=files,
        program=made,
        wall_seconds=program.limits.wall_seconds,
        merged=program.merged,
        rlimits=rlimits(program, alone=not meter.holds_memory),
        all_memory_is_counted=meter.holds_memory,
    )


def ask(jail: Jail, request: tuple[bytes, bytes], receive: Callable[[int], T]) -> T:
    """Have init send what the last stage made or left; return what `receive` makes of it.

    Raises InitEnded if the jail is gone.
    """
    read_end, write_end = os.pipe2(os.O_CLOEXEC)
    try:
        with open(os.devnull, "rb") as nothing:
            send_request(jail.control, request, (nothing.fileno(), write_end, write_end))
    except OSError as error:
        os.close(read_end)
        raise InitEnded(f"init could not be asked: {error}") from error
    finally:
        os.close(write_end)
    try:
        return receive(read_end)
    finally:
        os.close(read_end)


@dataclass(frozen=True, slots=True)
class Started:
    """A program that was started ahead in a jail of its own, and waits for its task."""

    jail: Jail
    meter: Meter
    pipes: OutputPipes
    warm_up_cpu_us: int
    """CPU time that its task is not charged: what it used after its start."""


class _StageRun:
    def __init__(
        self,
        jail: Jail,
        meter: Meter,
        program: Program,
        recorder: Recorder,
        pipes: OutputPipes,
        uncounted_cpu_us: int = 0,
    ) -> None:
        self._jail = jail
        self._meter = meter
        self._program = program
        self._recorder = recorder
        self._pipes = pipes
        self._uncounted_cpu_us = uncounted_cpu_us
        self._control = jail.control.fileno()
        self._ended = False
        self._done: InitReport | None = None
        self._stopped_by: Limit | None = None
        self._begun = time.monotonic()
        self._check_cpu_at = self._begun + program.limits.cpu_seconds / _CPUS
        self._check_memory_at = self._begun + meter.seconds_between_looks
        self._kill_jail_at = self._begun + program.limits.wall_seconds + _SECONDS_OF_GRACE
        self._read_again_at = self._begun

    def run(self, stage: Stage) -> StageReport:
        self._launch(stage)
        control_alone, all_sources = select.poll(), select.poll()
        for source in (self._control, *self._pipes.read_ends):
            all_sources.register(source, select.POLLIN)
        control_alone.register(self._control, select.POLLIN)
        while not self._ended:
            now = time.monotonic()
            pause = now < self._read_again_at
            ready = (control_alone if pause else all_sources).poll(self._milliseconds_left(now))
            for source, _ in ready:
                if source == self._control:
                    self._hear_init()
                elif not self._read(source):
                    all_sources.unregister(source)
            self._hold_limits()
        return self._report()

    def _launch(self, stage: Stage) -> None:
        # An OSError means that init is gone; it may have said why.
        with filled_stdin(self._program.stdin) as stdin, suppress(OSError):
            write_ends = self._pipes.write_ends or (stdin, stdin)  # it has its own already
            send_stage(self._jail.control, stage, (stdin, *write_ends))
        self._pipes.close_write_ends()

    def _milliseconds_left(self, now: float) -> float:
        next_look = min(self._check_cpu_at, self._check_memory_at, self._kill_jail_at)
        if now < self._read_again_at:
            next_look = min(next_look, self._read_again_at)
        return max(0.0, next_look - now) * 1_000

    def _read(self, source: int) -> bool:
        """Return False at the end of the stream."""
        size = self._pipes.read(source)
        if self._recorder.truncated:
            self._stop(Limit.OUTPUT)
        elif size < _SMALL_READ:
            self._read_again_at = time.monotonic() + _SECONDS_AFTER_SMALL_READ
        return size > 0

    def _hear_init(self) -> None:
        report = receive_report(self._jail.control)
        if report is None:
            self._ended = True
        elif report.kind == Kind.FAILED:
            if report.step == Step.START_PROGRAM:
                raise NotStarted(report.fault())
            if report.step == Step.HAND_OVER:
                raise NotHandedOver(report.fault())
            raise Fault(report.fault())
        elif report.kind == Kind.DONE:
            self._done = replace(report, cpu_us=report.cpu_us - self._uncounted_cpu_us)
            self._ended = True

    def _hold_limits(self) -> None:
        now = time.monotonic()
        if self._ended:
            return
        if now >= self._check_memory_at:
            self._check_memory(now)
        if now >= self._check_cpu_at:
            self._check_cpu(now)
        if now >= self._kill_jail_at:
            self._enforce(Limit.WALL)
            self._jail.hang_up()
            self._ended = True

    def _check_memory(self, now: float) -> None:
        if self._meter.out_of_memory():
            self._stop(Limit.MEMORY)
        self._check_memory_at = now + self._meter.seconds_between_looks

    def _check_cpu(self, now: float) -> None:
        """Look again when the limit could be reached at the earliest, with every core in use."""
        left = self._program.limits.cpu_seconds - self._cpu_us() / SECOND
        if left <= 0:
            self._stop(Limit.CPU)
        self._check_cpu_at = now + max(left / _CPUS, _SECONDS_BETWEEN_CPU_CHECKS)

    def _cpu_us(self) -> int:
        return self._meter.cpu_us() - self._uncounted_cpu_us

    def _stop(self, limit: Limit) -> None:
        """Have init kill the program, once."""
        if self._stopped_by is None and not self._ended:
            try:
                send_kill(self._jail.control)
            except OSError:
                self._ended = True  # init is gone; `_report` says why
        self._enforce(limit)

    def _enforce(self, limit: Limit) -> None:
        """Record the first limit that was reached.

        The kernel may have enforced the memory limit before the daemon saw this one.
        """
        if self._stopped_by is None:
            self._stopped_by = Limit.MEMORY if self._meter.out_of_memory() else limit

    def _limit_at_the_end(self, done: InitReport) -> Limit | None:
        """The limit that ended a program which the daemon did not stop."""
        if done.status != 0 and self._meter.out_of_memory():
            return Limit.MEMORY
        if done.timed_out:
            return Limit.WALL
        if self._used_up_cpu(done):
            return Limit.CPU
        return Limit.OUTPUT if self._recorder.truncated else None

    def _report(self) -> StageReport:
        done = self._done or self._killed_with_the_jail()
        self._pipes.drain()
        stopped_by = self._stopped_by or self._limit_at_the_end(done)
        return StageReport(
            exit_code=os.WEXITSTATUS(done.status) if os.WIFEXITED(done.status) else None,
            signal=signal_name(os.WTERMSIG(done.status)) if os.WIFSIGNALED(done.status) else None,
            wall_us=done.wall_us,
            cpu_us=max(done.cpu_us, self._cpu_us()),
            memory_peak_kib=self._peak_kib(done),
            stopped_by=stopped_by,
        )

    def _peak_kib(self, done: InitReport) -> int:
        """The peak of the memory that the limit is about.

        Init's figure is a fallback: it includes the pages of the runtime's files. A meter's is too
        low if the kernel dropped files that were cached before the stage began, as it does before
        it kills.
        """
        limit_kib = self._program.limits.memory_mib * _KIB
        if self._meter.holds_memory and self._meter.out_of_memory():
            return limit_kib
        return min(self._meter.peak_kib() or done.peak_kib, limit_kib)

    def _killed_with_the_jail(self) -> InitReport:
        """The report of an init that vanished because the jail was killed.

        Raises Fault if neither the daemon nor the memory limit killed it.
        """
        if self._stopped_by is None and not self._meter.out_of_memory():
            raise Fault("the jail ended for an unknown reason")
        wall_us = int((time.monotonic() - self._begun) * SECOND)
        return InitReport(
            kind=Kind.DONE,
            step=0,
            status=signal.SIGKILL,
            stopped_by=Stop.NONE,
            wall_us=wall_us,
            cpu_us=0,
            peak_kib=0,
        )

    def _used_up_cpu(self, done: InitReport) -> bool:
        """Whether the CPU limit ended the program without the daemon.

        RLIMIT_CPU of one process may act before the daemon looks at the sum of all.
        """
        by_signal = os.WIFSIGNALED(done.status) and os.WTERMSIG(done.status)
        limit_us = self._program.limits.cpu_seconds * SECOND
        return by_signal in (signal.SIGXCPU, signal.SIGKILL) and done.cpu_us >= limit_us


def killed_for_memory(report: StageReport) -> StageReport:
    """Report for a program that ended, but whose memory then cost init its life.

    What it made is gone with init.
    """
    return replace(report, exit_code=None, signal=signal.SIGKILL.name, stopped_by=Limit.MEMORY)
