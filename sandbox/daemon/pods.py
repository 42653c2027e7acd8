"""All pods of this daemon, and the bays that run them."""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sandbox import logs
from sandbox.daemon.active_pod import ActivePod
from sandbox.daemon.ahead import Ahead
from sandbox.daemon.bay import Bay
from sandbox.daemon.bays import Bays
from sandbox.daemon.changes import Changes
from sandbox.daemon.kits import Kits
from sandbox.daemon.programs import Programs
from sandbox.daemon.reservations import Reservations
from sandbox.daemon.spool import Spool
from sandbox.toolchains.search import Toolchain, Toolchains
from sandbox.wire.types import Frame, HeldLimit, Language, Observation, Output, Pod, PodRefused

log = logging.getLogger(__name__)


class Pods:
    """What connections ask of the daemon. Safe for many threads."""

    def __init__(
        self,
        toolchains: Toolchains,
        limits: Sequence[HeldLimit],
        spool: Spool,
        programs: Programs,
        bays: Bays,
        kits: Kits,
        ahead: Ahead | None = None,
        slots: int | None = None,
    ) -> None:
        """`slots` is how many pods run at once, at most one for each bay."""
        self._toolchains = toolchains
        self.limits = limits
        self._spool = spool
        self._programs = programs
        self._lock = threading.Lock()
        self._ended: dict[str, Observation] = _left_by_a_former_daemon(spool)
        self._active: dict[str, ActivePod] = {}
        """Waiting or running."""
        self._closing: dict[str, ActivePod] = {}
        """Ended, but the jail is not gone yet."""
        self._bays = bays
        self._kits = kits
        self._ahead = ahead
        self.reservations = Reservations(slots or len(bays.all), lambda: len(self._active))
        self._watchers: set[Changes] = set()
        self._threads = [
            threading.Thread(target=self._serve, args=[bay], name=f"bay-{bay.number}")
            for bay in bays.all
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()
        if self._ahead:
            self._ahead.start()

    def stop(self) -> None:
        """Kill everything, and return when nothing runs any more. The spool keeps what ended."""
        with self._lock:
            pods = list(self._active.values())
            watchers = list(self._watchers)
        for pod in pods:
            pod.cancel()
        self._bays.stop()
        for changes in watchers:
            changes.stop()
        for thread in self._threads:
            thread.join()
        if self._ahead:
            self._ahead.stop()

    def create(self, pod: Pod) -> None:
        """Accept a pod, unless it exists. Raises PodRefused, and OSError if the disk is full."""
        self._kits.refresh()
        toolchain = self._toolchain(pod)
        with self._lock:
            if pod.name in self._active or pod.name in self._ended:
                return
            record = self._spool.begin(pod.name)
            active = ActivePod(pod, toolchain, self._programs, record, self._ahead)
            if len(self._active) < len(self._threads):
                active.begin()
            self._active[pod.name] = active
        self._bays.offer(active)

    def observe(self, name: str, wait_seconds: float = 0) -> Observation | None:
        with self._lock:
            pod = self._active.get(name)
        if pod and wait_seconds:
            pod.wait_for_end(wait_seconds)
        with self._lock:
            pod = self._active.get(name)
            return pod.observation if pod else self._ended.get(name)

    def output(self, name: str, first_run: int = 0) -> Output | None:
        with self._lock:
            ended = self._ended.get(name)
        if ended is None or ended.report is None:
            return None
        in_memory = ended.output if first_run == 0 else None
        return in_memory or self._spool.output(name, first_run)

    def artifact(self, name: str, index: int, start: int) -> bytes | None:
        return self._spool.artifact(name, index, start) if self._has_output(name) else None

    def follow(self, name: str, after: int) -> list[Frame]:
        with self._lock:
            pod = self._active.get(name)
        if pod:
            return pod.frames(after)
        return self._spool.frames(name, after) if self._has_output(name) else []

    def _has_output(self, name: str) -> bool:
        with self._lock:
            ended = self._ended.get(name)
        return ended is not None and ended.report is not None

    def delete(self, name: str) -> None:
        with self._lock:
            pod = self._active.get(name) or self._closing.get(name)
            if pod and pod.waiting:
                del self._active[name]
                pod.over.set()
        if pod:
            pod.cancel()
            pod.over.wait()
            self.reservations.grant()
        self._spool.remove(name)
        with self._lock:
            self._ended.pop(name, None)
            for changes in self._watchers:
                changes.forget(name)

    def names(self) -> list[str]:
        with self._lock:
            return [*self._active, *self._ended]

    def languages(self) -> list[Language]:
        self._kits.refresh()
        return self._toolchains.languages()

    @contextmanager
    def watch(self) -> Iterator[Changes]:
        """The names of pods that change from now on, until the daemon stops."""
        changes = Changes()
        with self._lock:
            self._watchers.add(changes)
        try:
            yield changes
        finally:
            with self._lock:
                self._watchers.discard(changes)

    def _toolchain(self, pod: Pod) -> Toolchain:
        toolchain = self._toolchains.get(pod.language, pod.language_version)
        if toolchain is None:
            raise PodRefused(f"{pod.language} {pod.language_version} is not available here")
        return toolchain

    def _serve(self, bay: Bay) -> None:
        bay.meter.join()
        while pod := self._bays.next_for(bay):
            logs.set_about({"execution_id": pod.observation.name.partition("-")[0]})
            self._run_in(bay, pod)
            logs.set_about({})
            del pod  # Its files can be large, and the next one may come much later.
        bay.drop_jail()

    def _run_in(self, bay: Bay, pod: ActivePod) -> None:
        if not self._begin(pod):
            return
        name = pod.observation.name
        ended, jail = pod.execute(bay, lambda: self._notify(name, of_a_run=True))
        if not pod.cancelled:
            ended = self._spool.end(pod.record, ended)
        with self._lock:
            self._closing[name] = self._active.pop(name)
            if not pod.cancelled:
                self._ended[name] = ended
        self.reservations.grant()
        if not pod.end() and not pod.cancelled:
            self._notify(name)
        if jail:
            bay.clear(jail)
        with self._lock:
            del self._closing[name]
            pod.over.set()

    def _begin(self, pod: ActivePod) -> bool:
        """Return False if the pod was deleted while it waited."""
        with self._lock:
            if pod.over.is_set():
                return False
            waited = pod.waiting
            if waited:
                pod.begin()
        if waited:
            self._notify(pod.observation.name)
        return True

    def _notify(self, name: str, *, of_a_run: bool = False) -> None:
        with self._lock:
            for changes in self._watchers:
                changes.put(name, of_a_run=of_a_run)


def _left_by_a_former_daemon(spool: Spool) -> dict[str, Observation]:
    pods = {name: spool.observation(name) for name in spool.names()}
    return {name: pod for name, pod in pods.items() if pod}
