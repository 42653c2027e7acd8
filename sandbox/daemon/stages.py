"""The stages of one pod: the compile stage, if there is one, and each run in a fresh jail."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, Protocol

from sandbox.artifacts.rules import GONE
from sandbox.daemon.ahead import Ahead, Wanted
from sandbox.daemon.artifacts import collect_artifacts
from sandbox.daemon.bay import Bay
from sandbox.daemon.entries import InitEnded, NotReceived
from sandbox.daemon.kept import Record
from sandbox.daemon.programs import PROGRAM_IN_JAIL, Made, Programs, TooLarge
from sandbox.daemon.recorder import Recorder
from sandbox.daemon.stage import (
    Fault,
    NotHandedOver,
    NotStarted,
    Started,
    ask,
    killed_for_memory,
    run_stage,
    run_started,
)
from sandbox.init.protocol import encode_collect
from sandbox.jail.etc import LINE
from sandbox.jail.jail import Jail
from sandbox.languages.ahead import AheadOfTask
from sandbox.metering.meter import Meter
from sandbox.toolchains.search import Toolchain
from sandbox.wire.types import SECOND, Collected, File, Pod, Report, Run, StageReport

_KIB: Final = 1024
_BYTES_OF_ALL_RUNS: Final = 64 << 20
"""What all runs of a pod may print together."""


_CACHED: Final = StageReport(
    exit_code=0, signal=None, wall_us=0, cpu_us=0, memory_peak_kib=None, cached=True
)


class RunningPod(Protocol):
    """The pod of the stages: it has jails for them, and is given what they report."""

    record: Record

    @property
    def cancelled(self) -> bool: ...
    def take_jail(self, bay: Bay, disk_mib: int) -> Jail: ...
    def leave_jail(self, bay: Bay) -> None: ...
    def use_jail(self, jail: Jail | None) -> None: ...
    def show_frames_of(self, recorder: Recorder) -> None: ...
    def report(self, so_far: Report) -> None: ...


class Stages:
    def __init__(
        self,
        pod: RunningPod,
        bay: Bay,
        programs: Programs,
        run_ended: Callable[[], None],
        ahead: Ahead | None = None,
    ) -> None:
        self._pod = pod
        self._bay = bay
        self._programs = programs
        self._run_ended = run_ended
        self._ahead = ahead
        self.collected: Collected | None = None
        self._compiled: StageReport | None = None
        self._said = Recorder(0)
        """What the compiler said."""
        self._runs: list[StageReport | None] = []
        self._bytes_left = _BYTES_OF_ALL_RUNS
        self._not_kept: Made | None = None

    def run(self, pod: Pod, toolchain: Toolchain) -> Report:
        """Run all stages. Raises Fault, and OSError if the machine has no room."""
        if not toolchain.spec.compile:
            return self._run_all(pod, toolchain)
        try:
            if self._show_program(pod, toolchain):
                return self._run_all(pod, toolchain)
            return self._report()
        finally:
            self._hide_program()

    def _show_program(self, pod: Pod, toolchain: Toolchain) -> bool:
        """Let the bay's jails see the program. False if there is none."""
        if not pod.owner:
            return self._show_compiled(pod, toolchain, None)
        key, wait = toolchain.key(pod), pod.compile_limits.wall_seconds
        with self._programs.compiling.turn(key, wait, lambda: self._pod.cancelled):
            return self._show_kept(key) or self._show_compiled(pod, toolchain, key)

    def _show_kept(self, key: str) -> bool:
        said = self._programs.show_kept(key, self._bay.number)
        if said is None:
            return False
        self._compiled = _CACHED
        self._pod.record.keep_compile(said)
        return True

    def _show_compiled(self, pod: Pod, toolchain: Toolchain, key: str | None) -> bool:
        made = self._compile(pod, toolchain)
        if made is None:
            return False
        self._pod.leave_jail(self._bay)
        self._programs.show(made, self._bay.number)
        if not (key and self._programs.keep(key, made, self._said)):
            self._not_kept = made
        return True

    def _hide_program(self) -> None:
        self._programs.hide(self._bay.number)
        if self._not_kept:
            self._programs.discard(self._not_kept)

    def _compile(self, pod: Pod, toolchain: Toolchain) -> Made | None:
        """Return what the compiler made, if it succeeded."""
        disk_mib = pod.runs[0].limits.disk_mib_with(pod.compile_limits, compiled=True)
        waiting = toolchain.compiler_ahead(pod) if self._ahead else None
        if self._ahead and waiting:
            wanted = Wanted(program=waiting.program, disk_mib=disk_mib)
            with self._ahead.lend(wanted) as started, suppress(NotHandedOver):
                if started:
                    return self._compile_started(pod, toolchain, started, waiting)
        jail, meter = self._pod.take_jail(self._bay, disk_mib), self._bay.meter
        program, said = toolchain.compile_program(pod), _recorder(pod)
        return self._made(run_stage(jail, meter, program, pod.files, said), said, jail, meter)

    def _compile_started(
        self, pod: Pod, toolchain: Toolchain, started: Started, waiting: AheadOfTask
    ) -> Made | None:
        """Raises NotHandedOver if that compiler ended before it had read its task."""
        self._pod.use_jail(started.jail)
        try:
            program, said = toolchain.compile_program(pod), _recorder(pod)
            report = run_started(started, program, waiting.task, pod.files, said)
            return self._made(report, said, started.jail, started.meter)
        finally:
            self._pod.use_jail(None)

    def _made(self, report: StageReport, said: Recorder, jail: Jail, meter: Meter) -> Made | None:
        self._compiled, self._said = report, said
        self._pod.record.keep_compile(said)
        if report.failed:
            return None
        try:
            return self._collect(jail, meter)
        except InitEnded as error:
            if not meter.out_of_memory():
                raise Fault(f"the compiled program was not received: {error}") from error
            self._compiled = killed_for_memory(report)
            return None

    def _collect(self, jail: Jail, meter: Meter) -> Made | None:
        """Raises InitEnded and Fault."""
        meter.lift()
        try:
            return ask(jail, encode_collect(), self._programs.receive)
        except TooLarge:
            return None
        except InitEnded:
            raise
        except NotReceived as error:
            raise Fault(f"the compiled program was not received: {error}") from error
        except OSError as error:
            self._programs.forget_all()  # the next attempt has their room
            raise Fault(f"the compiled program could not be stored: {error}") from error

    def _run_all(self, pod: Pod, toolchain: Toolchain) -> Report:
        for run in pod.runs:
            if self._skips(pod, run):
                self._keep(None, None)
                continue
            if self._runs:
                self._notify()
                self._pod.leave_jail(self._bay)
            try:
                self._run(pod, run, toolchain)
            except NotStarted:
                if self._runs:
                    raise
                return self._report()
        return self._report()

    def _notify(self) -> None:
        self._pod.report(self._report())
        self._run_ended()

    def _run(self, pod: Pod, run: Run, toolchain: Toolchain) -> None:
        compiled = bool(toolchain.spec.compile)
        disk_mib = run.limits.disk_mib_with(pod.compile_limits, compiled=compiled)
        jail = self._pod.take_jail(self._bay, disk_mib)
        recorder = Recorder(run.limits.output_kib * _KIB, self._bytes_left)
        if len(pod.runs) == 1:
            self._pod.show_frames_of(recorder)
        meter = self._bay.meter
        program = toolchain.run_program(pod, run, LINE, memory_is_counted=meter.holds_memory)
        made = PROGRAM_IN_JAIL if compiled else None
        report = run_stage(jail, meter, program, _files(pod, run), recorder, made)
        self._bytes_left -= recorder.size
        self._keep(report, recorder)
        if pod.artifacts:
            self.collected = self._keep_files(pod, jail, report)

    def _keep_files(self, pod: Pod, jail: Jail, report: StageReport) -> Collected:
        """The kernel may kill init too, and its end may come after the program's."""
        meter, record = self._bay.meter, self._pod.record
        meter.lift()
        try:
            return collect_artifacts(jail, pod, record)
        except InitEnded as error:
            if not report.stopped_by and not meter.out_of_memory():
                raise Fault(f"the program's files could not be kept: {error}") from error
            record.drop_artifacts()
            return Collected(left_out=(GONE,))

    def _keep(self, report: StageReport | None, recorder: Recorder | None) -> None:
        self._runs.append(report)
        self._pod.record.keep_run(recorder)

    def _skips(self, pod: Pod, run: Run) -> bool:
        ended = [report for report in self._runs if report]
        if not ended:
            return False
        if pod.stop_on_failure and any(report.failed for report in ended):
            return True
        used_us = sum(stage.wall_us for stage in (self._compiled, *ended) if stage)
        return used_us + run.limits.wall_seconds * SECOND > pod.wall_seconds * SECOND

    def _report(self) -> Report:
        return Report(compile=self._compiled, runs=tuple(self._runs))


def _recorder(pod: Pod) -> Recorder:
    return Recorder(pod.compile_limits.output_kib * _KIB)


def _files(pod: Pod, run: Run) -> Sequence[File]:
    files = {file.name: file for file in (*pod.files, *run.files)}
    return list(files.values())
