"""All pods of this daemon, and the bays that run them."""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from queue import SimpleQueue

from sandbox.daemon.bay import Bay
from sandbox.daemon.bays import Bays
from sandbox.daemon.kits import Kits
from sandbox.daemon.run import Run
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
        bays: Bays,
        kits: Kits,
    ) -> None:
        self._toolchains = toolchains
        self.limits = limits
        self._spool = spool
        self._lock = threading.Lock()
        self._ended: dict[str, Observation] = _left_by_a_former_daemon(spool)
        self._runs: dict[str, Run] = {}
        """Waiting or running."""
        self._closing: dict[str, Run] = {}
        """Ended, but the jail is not gone yet."""
        self._bays = bays
        self._kits = kits
        self._watchers: set[SimpleQueue[str | None]] = set()
        self._threads = [
            threading.Thread(target=self._serve, args=[bay], name=f"bay-{bay.number}")
            for bay in bays.all
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Kill everything, and return when nothing runs any more. The spool keeps what ended."""
        with self._lock:
            runs = list(self._runs.values())
            watchers = list(self._watchers)
        for run in runs:
            run.cancel()
        self._bays.stop()
        for changes in watchers:
            changes.put(None)
        for thread in self._threads:
            thread.join()

    def create(self, pod: Pod) -> None:
        """Accept a pod, unless it exists. Raises PodRefused, and OSError if the disk is full."""
        self._kits.refresh()
        toolchain = self._toolchain(pod)
        if len(pod.runs) > 1:
            raise PodRefused("this sandbox daemon can run a program once only")
        with self._lock:
            if pod.name in self._runs or pod.name in self._ended:
                return
            self._spool.begin(pod.name)
            run = Run(pod, toolchain)
            if len(self._runs) < len(self._threads):
                run.begin()
            self._runs[pod.name] = run
        self._bays.offer(run)

    def observe(self, name: str, wait_seconds: float = 0) -> Observation | None:
        with self._lock:
            run = self._runs.get(name)
        if run and wait_seconds:
            run.wait_for_end(wait_seconds)
        with self._lock:
            run = self._runs.get(name)
            return run.observation if run else self._ended.get(name)

    def output(self, name: str) -> Output | None:
        with self._lock:
            if name not in self._ended:
                return None
        ended = self._spool.read(name)
        return ended.output() if ended else None

    def follow(self, name: str, after: int) -> list[Frame]:
        with self._lock:
            run = self._runs.get(name)
            known = name in self._ended
        if run:
            return run.frames(after)
        ended = self._spool.read(name) if known else None
        return ended.frames[after:] if ended else []

    def delete(self, name: str) -> None:
        with self._lock:
            run = self._runs.get(name) or self._closing.get(name)
            if run and run.waiting:
                del self._runs[name]
                run.over.set()
        if run:
            run.cancel()
            run.over.wait()
        self._spool.remove(name)
        with self._lock:
            self._ended.pop(name, None)

    def names(self) -> list[str]:
        with self._lock:
            return [*self._runs, *self._ended]

    def languages(self) -> list[Language]:
        self._kits.refresh()
        return self._toolchains.languages()

    @contextmanager
    def watch(self) -> Iterator[SimpleQueue[str | None]]:
        """The names of pods that change from now on; None when the daemon stops."""
        changes: SimpleQueue[str | None] = SimpleQueue()
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
        while run := self._bays.next_for(bay):
            self._run_in(bay, run)
        bay.drop_jail()

    def _run_in(self, bay: Bay, run: Run) -> None:
        if not self._begin(run):
            return
        ended, jail = run.execute(bay)
        name = ended.observation.name
        if not run.cancelled:
            self._spool.end(ended)
        with self._lock:
            self._closing[name] = self._runs.pop(name)
            if not run.cancelled:
                self._ended[name] = ended.observation
        if not run.end() and not run.cancelled:
            self._notify(name)
        if jail:
            bay.clear(jail)
        with self._lock:
            del self._closing[name]
            run.over.set()

    def _begin(self, run: Run) -> bool:
        """Return False if the pod was deleted while it waited."""
        with self._lock:
            if run.over.is_set():
                return False
            waited = run.waiting
            if waited:
                run.begin()
        if waited:
            self._notify(run.observation.name)
        return True

    def _notify(self, name: str) -> None:
        with self._lock:
            for changes in self._watchers:
                changes.put(name)


def _left_by_a_former_daemon(spool: Spool) -> dict[str, Observation]:
    pods = (spool.read(name) for name in spool.names())
    return {pod.observation.name: pod.observation for pod in pods if pod}
