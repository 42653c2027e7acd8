"""An in-memory runtime: pods whose programs are scripted by a test."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from queue import Empty, SimpleQueue

from app.domain.errors import RunRefused, RuntimeUnavailable
from app.domain.execution import Time
from app.domain.language import HeldLimit, Holder, Language, LimitName
from app.domain.pod import (
    Frame,
    Observation,
    Output,
    Phase,
    Pod,
    Report,
    StageOutput,
    StageReport,
    Stream,
)

LANGUAGES = (
    Language(name="python", version="3.11", source_name="main.py", compiled=False),
    Language(name="javascript", version="20", source_name="main.js", compiled=False),
    Language(name="c", version="12.2", source_name="main.c", compiled=True),
    Language(name="cpp", version="12.2", source_name="main.cpp", compiled=True),
    Language(name="bash", version="5.2", source_name="main.sh", compiled=False),
)
_SECONDS_BETWEEN_LOOKS_AT_STOP = 0.2


def exited(code: int = 0, *, signal: str | None = None) -> Report:
    """Return the report of a program without a compile stage that ran for a millisecond."""
    stage = StageReport(
        exit_code=None if signal else code,
        signal=signal,
        wall_us=1_000,
        cpu_us=1_000,
        memory_peak_kib=1_024,
    )
    return Report(compile=None, run=stage)


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What a pod does by itself after its creation; the test drives the rest."""

    starts: bool = True
    prints: bytes = b""
    """Printed on stdout, as one frame."""
    prints_errors: bytes = b""
    """On stderr, as one frame."""
    ends: Report | None = field(default_factory=exited)
    """None means that it runs until the test ends it."""
    compile_output: StageOutput | None = None


@dataclass(slots=True)
class _Pod:
    pod: Pod
    script: Script
    observation: Observation
    frames: list[Frame] = field(default_factory=list)

    def printed(self, stream: Stream) -> bytes:
        return b"".join(frame.content for frame in self.frames if frame.stream is stream)

    def output(self) -> Output | None:
        report = self.observation.report
        if report is None:
            return None
        run = StageOutput(stdout=self.printed(Stream.STDOUT), stderr=self.printed(Stream.STDERR))
        return Output(compile=self.script.compile_output, run=run if report.run else None)


class MemoryRuntime:
    """Runs nothing. `script` decides what each pod does: by default, exit with 0 and no output."""

    def __init__(
        self,
        script: Callable[[Pod], Script] = lambda _pod: Script(),
        clock: Callable[[], Time] = lambda: time.time_ns() // 1_000,
    ) -> None:
        self.script = script
        self.away = False
        """While true, every call raises RuntimeUnavailable; pods continue nevertheless."""
        self.offered = list(LANGUAGES)
        self.held = [
            HeldLimit(limit=limit, by=Holder.RUNTIME, how="the test") for limit in LimitName
        ]
        self.created: list[str] = []
        """The names of all pods ever created, in order."""
        self._clock = clock
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._pods: dict[str, _Pod] = {}
        self._watchers: set[SimpleQueue[str]] = set()

    # the port

    def create(self, pod: Pod) -> None:
        with self._lock:
            self.ping()
            if pod.name in self._pods:
                return
            if pod.language not in {language.name for language in LANGUAGES}:
                raise RunRefused(f"the language {pod.language} is not available here")
            script = self.script(pod)
            waiting = Observation(name=pod.name, phase=Phase.WAITING)
            self._pods[pod.name] = _Pod(pod, script, waiting)
            self.created.append(pod.name)
            if script.starts:
                self.start(pod.name)

    def observe(self, name: str, wait_seconds: float = 0) -> Observation | None:
        with self._changed:
            self._changed.wait_for(lambda: not self._runs_on(name), wait_seconds)
            self.ping()
            found = self._pods.get(name)
            return found.observation if found else None

    def _runs_on(self, name: str) -> bool:
        return name in self._pods and self._pods[name].observation.phase is Phase.RUNNING

    def output(self, name: str) -> Output | None:
        with self._lock:
            self.ping()
            found = self._pods.get(name)
            return found.output() if found else None

    def follow(self, name: str, after: int) -> list[Frame]:
        with self._lock:
            self.ping()
            found = self._pods.get(name)
            return [frame for frame in found.frames if frame.sequence > after] if found else []

    def delete(self, name: str) -> None:
        with self._lock:
            self.ping()
            self._pods.pop(name, None)

    def list_pods(self) -> list[str]:
        with self._lock:
            self.ping()
            return list(self._pods)

    def watch(self, stop: Callable[[], bool]) -> Iterator[str]:
        self.ping()
        changes: SimpleQueue[str] = SimpleQueue()
        with self._lock:
            self._watchers.add(changes)
        return self._changes(changes, stop)

    def languages(self) -> list[Language]:
        self.ping()
        return list(self.offered)

    def limits_held(self) -> list[HeldLimit]:
        self.ping()
        return list(self.held)

    def ping(self) -> None:
        if self.away:
            raise RuntimeUnavailable("the runtime is unavailable")

    # what tests can trigger

    def start(self, name: str) -> None:
        """Start the program, which then does what its script says."""
        with self._lock:
            script = self._pods[name].script
            self._change(name, phase=Phase.RUNNING, started_at=self._clock())
            if script.prints:
                self.print(name, script.prints)
            if script.prints_errors:
                self.print(name, script.prints_errors, Stream.STDERR)
            if script.ends:
                self.end(name, script.ends)

    def print(self, name: str, content: bytes, stream: Stream = Stream.STDOUT) -> None:
        """Let the program print one frame."""
        with self._lock:
            found = self._pods[name]
            offset = len(found.printed(stream))
            found.frames.append(Frame(len(found.frames) + 1, stream, offset, content))

    def end(self, name: str, report: Report | None = None) -> None:
        """End the program, by default with exit code 0."""
        with self._lock:
            report = report or exited()
            self._change(name, phase=Phase.ENDED, ended_at=self._clock(), report=report)

    def fault(self, name: str, message: str = "the node was lost") -> None:
        """Let the runtime lose the pod, and report it."""
        with self._lock:
            self._change(name, phase=Phase.FAULTED, message=message)

    def report(self, name: str, **facts: object) -> None:
        """The runtime reports these facts of an Observation from now on."""
        with self._lock:
            self._change(name, **facts)

    def lose(self, name: str) -> None:
        """Remove the pod and everything known about it, without a report."""
        with self._lock:
            self._pods.pop(name, None)

    def _change(self, name: str, **facts: object) -> None:
        found = self._pods[name]
        found.observation = replace(found.observation, **facts)  # type: ignore[arg-type]
        self._changed.notify_all()
        for changes in self._watchers:
            changes.put(name)

    def _changes(self, changes: SimpleQueue[str], stop: Callable[[], bool]) -> Iterator[str]:
        try:
            while not stop():
                try:
                    name = changes.get(timeout=_SECONDS_BETWEEN_LOOKS_AT_STOP)
                except Empty:
                    self.ping()
                    continue
                self.ping()
                yield name
        finally:
            with self._lock:
                self._watchers.discard(changes)
