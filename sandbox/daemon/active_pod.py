"""One pod, from its first jail to its verdict."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from sandbox.daemon.ahead import Ahead
from sandbox.daemon.bay import Bay
from sandbox.daemon.kept import Record
from sandbox.daemon.programs import Programs
from sandbox.daemon.recorder import Recorder
from sandbox.daemon.stage import Fault
from sandbox.daemon.stages import Stages
from sandbox.jail.jail import Jail
from sandbox.toolchains.search import Toolchain
from sandbox.wire.types import Collected, Frame, Observation, Phase, Pod, Report, Time

log = logging.getLogger(__name__)


def now() -> Time:
    return time.time_ns() // 1_000


class ActivePod:
    """A waiting or running pod. Its bay's thread runs it; any thread may read or cancel it."""

    def __init__(
        self,
        pod: Pod,
        toolchain: Toolchain,
        programs: Programs,
        record: Record,
        ahead: Ahead | None = None,
    ) -> None:
        self.observation = Observation(name=pod.name, phase=Phase.WAITING)
        self.record = record
        self.over = threading.Event()
        """Set when nothing of the pod runs any more."""
        self._all_known = threading.Event()
        self._waiting_for_end = 0
        self.pod = toolchain.fitted(pod)
        self.toolchain = toolchain
        self._programs = programs
        self._ahead = ahead
        self._lock = threading.Lock()
        self._jail: Jail | None = None
        self._cancelled = False
        self._recorder: Recorder | None = None
        """Of the only run."""

    @property
    def waiting(self) -> bool:
        return self.observation.phase is Phase.WAITING

    @property
    def first_disk_mib(self) -> int:
        """Size of the first jail's box."""
        compiled = bool(self.toolchain.spec.compile)
        return self.pod.runs[0].limits.disk_mib_with(self.pod.compile_limits, compiled=compiled)

    @property
    def cancelled(self) -> bool:
        return self._cancelled

    def begin(self) -> None:
        self.observation = replace(self.observation, phase=Phase.RUNNING, started_at=now())

    def frames(self, after: int) -> list[Frame]:
        recorder = self._recorder
        return recorder.after(after) if recorder else []

    def wait_for_end(self, seconds: float) -> None:
        """Wait until the pod has ended and all about it is known, or until the time is over."""
        with self._lock:
            self._waiting_for_end += 1
        self._all_known.wait(seconds)
        with self._lock:
            self._waiting_for_end -= 1

    def end(self) -> bool:
        """Wake those who wait. True if anybody waits, so that no watcher needs to be notified."""
        with self._lock:
            self._all_known.set()
            return self._waiting_for_end > 0

    def cancel(self) -> None:
        """Kill the program, now or as soon as it starts."""
        with self._lock:
            self._cancelled = True
            if self._jail:
                self._jail.hang_up()
        self._programs.compiling.look_again()

    def execute(self, bay: Bay, run_ended: Callable[[], None]) -> tuple[Observation, Jail | None]:
        """Run the pod to its end. The caller removes its last jail.

        By then, the program is dead, or the jail is ending and the program with it. `run_ended` is
        called after each run but the last.
        """
        if self._cancelled:
            return self._faulted("deleted before it started"), None
        stages = Stages(self, bay, self._programs, run_ended, self._ahead)
        try:
            report = stages.run(self.pod, self.toolchain)
            return self._ended(report, stages.collected), self._jail
        except Fault as fault:
            message = f"{fault}: {words}" if (words := bay.last_words()) else str(fault)
            return self._faulted(message), self._hung_up()
        except Exception as error:  # a mistake of ours costs this pod only
            log.exception("pod %s could not be run", self.observation.name)
            message = f"the sandbox failed: {type(error).__name__}"
            return self._faulted(message), self._hung_up()

    def take_jail(self, bay: Bay, disk_mib: int) -> Jail:
        """Take a jail that has run nothing yet. Raises Fault and OSError."""
        jail = bay.take_jail(disk_mib)
        self.use_jail(jail)
        if not bay.settle(jail):
            raise Fault("the jail could not be set up")
        return jail

    def use_jail(self, jail: Jail | None) -> None:
        """Have `cancel` kill what runs there."""
        with self._lock:
            self._jail = jail
            if jail and self._cancelled:
                jail.hang_up()

    def leave_jail(self, bay: Bay) -> None:
        """Return once nothing of the jail runs any more. Another one follows."""
        with self._lock:
            jail, self._jail = self._jail, None
        if jail:
            bay.clear(jail, another_follows=True)

    def show_frames_of(self, recorder: Recorder) -> None:
        """What is recorded from now on is what `frames` returns."""
        self._recorder = recorder

    def report(self, so_far: Report) -> None:
        self.observation = replace(self.observation, report=so_far)

    def _hung_up(self) -> Jail | None:
        if self._jail:
            self._jail.hang_up()
        return self._jail

    def _ended(self, report: Report, collected: Collected | None) -> Observation:
        return replace(
            self.observation,
            phase=Phase.ENDED,
            ended_at=now(),
            report=report,
            collected=collected,
        )

    def _faulted(self, message: str) -> Observation:
        return replace(
            self.observation, phase=Phase.FAULTED, ended_at=now(), message=message, report=None
        )
