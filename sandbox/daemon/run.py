"""One pod, from its jail to what is kept of it."""

import logging
import threading
import time
from dataclasses import dataclass, field, replace

from sandbox.daemon.bay import Bay
from sandbox.daemon.recorder import Recorder, output_of
from sandbox.daemon.stage import Fault, NotStarted, run_stage
from sandbox.jail.jail import Jail
from sandbox.jail.kit import LINE
from sandbox.metering.meter import Meter
from sandbox.toolchains.search import Toolchain
from sandbox.wire.types import (
    Frame,
    Observation,
    Output,
    Phase,
    Pod,
    Report,
    StageOutput,
    StageReport,
    Stream,
    Time,
)

_KIB = 1024

log = logging.getLogger(__name__)


def now() -> Time:
    return time.time_ns() // 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedPod:
    """Everything that is kept of a pod that ended or faulted."""

    observation: Observation
    compile_output: StageOutput | None = None
    frames: list[Frame] = field(default_factory=list)
    truncated: set[Stream] = field(default_factory=set)

    def output(self) -> Output | None:
        report = self.observation.report
        if report is None:
            return None
        runs = (output_of(self.frames, self.truncated),) if report.runs else ()
        return Output(compile=self.compile_output, runs=runs)


class Run:
    """A waiting or running pod. Its bay's thread runs it; any thread may read or cancel it."""

    def __init__(self, pod: Pod, toolchain: Toolchain) -> None:
        self.observation = Observation(name=pod.name, phase=Phase.WAITING)
        self.over = threading.Event()
        """Set when nothing of the pod runs any more."""
        self._all_known = threading.Event()
        self._waiting_for_end = 0
        self._pod = toolchain.fitted(pod)
        self._toolchain = toolchain
        self._lock = threading.Lock()
        self._jail: Jail | None = None
        self._cancelled = False
        self._recorder = Recorder(pod.runs[0].limits.output_kib * _KIB)
        self._compile_output: StageOutput | None = None

    @property
    def waiting(self) -> bool:
        return self.observation.phase is Phase.WAITING

    @property
    def disk_mib(self) -> int:
        """Size of the box."""
        compiled = bool(self._toolchain.spec.compile)
        return self._pod.runs[0].limits.disk_mib_with(self._pod.compile_limits, compiled=compiled)

    @property
    def cancelled(self) -> bool:
        return self._cancelled

    def begin(self) -> None:
        self.observation = replace(self.observation, phase=Phase.RUNNING, started_at=now())

    def frames(self, after: int) -> list[Frame]:
        return self._recorder.after(after)

    def wait_for_end(self, seconds: float) -> None:
        """Wait until the pod has ended and all about it is known, or until the time is over."""
        with self._lock:
            self._waiting_for_end += 1
        self._all_known.wait(seconds)
        with self._lock:
            self._waiting_for_end -= 1

    def end(self) -> bool:
        """Wake those who wait. True if anybody waits, so that nobody else needs to be told."""
        with self._lock:
            self._all_known.set()
            return self._waiting_for_end > 0

    def cancel(self) -> None:
        """Kill the program, now or as soon as it starts."""
        with self._lock:
            self._cancelled = True
            if self._jail:
                self._jail.hang_up()

    def execute(self, bay: Bay) -> tuple[EndedPod, Jail | None]:
        """Run the pod to its end. The caller removes its jail.

        By then, the program is dead, or the jail is ending and the program with it.
        """
        if self._cancelled:
            return self._faulted("deleted before it started"), None
        jail = None
        try:
            jail = self._take_jail(bay)
            if not jail.wait_until_ready():
                raise Fault("the jail could not be set up")
            bay.meter.adopt(jail.init_pid)
            return self._ended(self._run_stages(jail, bay.meter)), jail
        except Fault as fault:
            _hang_up(jail)
            message = f"{fault}: {words}" if (words := bay.last_words()) else str(fault)
            return self._faulted(message), jail
        except Exception as error:  # a mistake of ours costs this pod only
            _hang_up(jail)
            log.exception("pod %s could not be run", self._pod.name)
            return self._faulted(f"the sandbox failed: {type(error).__name__}"), jail

    def _take_jail(self, bay: Bay) -> Jail:
        jail = bay.take_jail(self.disk_mib)
        with self._lock:
            self._jail = jail
            if self._cancelled:
                jail.hang_up()
        return jail

    def _run_stages(self, jail: Jail, meter: Meter) -> Report:
        compiled, files = None, self._pod.files
        if self._toolchain.spec.compile:
            compiled = self._compile(jail, meter)
            if compiled.exit_code != 0 or compiled.stopped_by:
                return Report(compile=compiled, runs=())
            files = ()
        counted = meter.holds_memory
        (run,) = self._pod.runs
        program = self._toolchain.run_program(self._pod, run, LINE, memory_is_counted=counted)
        try:
            ended = run_stage(jail, meter, program, files, self._recorder)
        except NotStarted:
            return Report(compile=compiled, runs=())
        return Report(compile=compiled, runs=(ended,))

    def _compile(self, jail: Jail, meter: Meter) -> StageReport:
        recorder = Recorder(self._pod.compile_limits.output_kib * _KIB)
        program = self._toolchain.compile_program(self._pod)
        report = run_stage(jail, meter, program, self._pod.files, recorder)
        self._compile_output = recorder.output()
        return report

    def _ended(self, report: Report) -> EndedPod:
        return EndedPod(
            observation=replace(self.observation, phase=Phase.ENDED, ended_at=now(), report=report),
            compile_output=self._compile_output,
            frames=self._recorder.frames,
            truncated=self._recorder.truncated,
        )

    def _faulted(self, message: str) -> EndedPod:
        return EndedPod(
            observation=replace(
                self.observation, phase=Phase.FAULTED, ended_at=now(), message=message
            )
        )


def _hang_up(jail: Jail | None) -> None:
    if jail:
        jail.hang_up()
