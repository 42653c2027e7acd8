"""An in-memory runtime: pods whose programs are scripted by a test."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from queue import Empty, SimpleQueue

from app.domain.artifact import SLICE_BYTES, Collected, CollectedFile, LeftOut
from app.domain.errors import PlaceTaken, RunRefused, RuntimeUnavailable
from app.domain.execution import SECOND, Time
from app.domain.language import (
    HeldLimit,
    Holder,
    Language,
    LimitName,
    all_run,
    keys_of,
    language_key,
)
from app.domain.place import STARTED_AHEAD, StartedAhead
from app.domain.pod import Pod
from app.domain.report import (
    Frame,
    Observation,
    Output,
    Phase,
    Report,
    StageOutput,
    StageReport,
    Stream,
)
from app.infrastructure.clock import now

LANGUAGES = (
    Language(name="python", version="3.11", source_name="main.py", compiled=False),
    Language(
        name="javascript",
        version="20",
        source_name="main.js",
        compiled=False,
        needs={"processes": 160},
        packages={"lodash": "4.17.21"},
    ),
    Language(name="c", version="12.2", source_name="main.c", compiled=True),
    Language(name="cpp", version="12.2", source_name="main.cpp", compiled=True),
    Language(name="bash", version="5.2", source_name="main.sh", compiled=False),
)
_SECONDS_BETWEEN_LOOKS_AT_STOP = 0.2
_RUNS_PER_OUTPUT = 2
"""So few that callers have to ask for the rest."""


def exited(code: int = 0, *, signal: str | None = None) -> Report:
    """Return the report of a program without a compile stage that ran for a millisecond."""
    stage = StageReport(
        exit_code=None if signal else code,
        signal=signal,
        wall_us=1_000,
        cpu_us=1_000,
        memory_peak_kib=1_024,
    )
    return Report(compile=None, runs=(stage,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What a pod does by itself after its creation; the test drives the rest."""

    starts: bool = True
    no_room: bool = False
    """Its place has no room for it. Such a pod does not start."""
    prints: bytes = b""
    """Printed on stdout, as one frame."""
    prints_errors: bytes = b""
    """On stderr, as one frame."""
    ends: Report | None = field(default_factory=exited)
    """None means that it runs until the test ends it. The last run stands for all that follow."""
    compile_output: StageOutput | None = None
    outputs: tuple[StageOutput, ...] = ()
    """What the runs of a pod with several print; those that follow print what `prints` says."""
    creates: Mapping[str, bytes] = field(default_factory=dict)
    """Files that are collected if the pod asks for any."""
    leaves_out: tuple[LeftOut, ...] = ()

    def collected(self) -> Collected:
        files = (CollectedFile(name, len(self.creates[name])) for name in sorted(self.creates))
        return Collected(tuple(files), self.leaves_out)


@dataclass(slots=True)
class _Pod:
    pod: Pod
    script: Script
    observation: Observation
    frames: list[Frame] = field(default_factory=list)
    outputs: list[StageOutput | None] = field(default_factory=list)
    """Of a pod with several runs."""

    def printed(self, stream: Stream) -> bytes:
        return b"".join(frame.content for frame in self.frames if frame.stream is stream)

    def output(self, first_run: int) -> Output | None:
        report = self.observation.report
        if report is None or self.observation.phase is not Phase.ENDED:
            return None
        runs = self.outputs or [self._only_output()][: len(report.runs)]
        return Output(
            compile=self.script.compile_output if first_run == 0 else None,
            runs=tuple(runs[first_run : first_run + _RUNS_PER_OUTPUT]),
        )

    def end_run(self, report: StageReport) -> Report:
        """Record the end of the next run, and which runs after it are skipped."""
        so_far = self.observation.report or replace(self._end(), runs=())
        runs = [*so_far.runs, report]
        scripted = self.script.outputs[len(self.outputs) :]
        prints = StageOutput(stdout=self.script.prints, stderr=self.script.prints_errors)
        self.outputs.append(scripted[0] if scripted else prints)
        while len(runs) < len(self.pod.runs) and self._skips(so_far.compile, runs):
            runs.append(None)
            self.outputs.append(None)
        return replace(so_far, runs=tuple(runs))

    def next_report(self) -> StageReport | None:
        """How the next run ends by the script. None if all have ended."""
        done = len(self.observation.report.runs) if self.observation.report else 0
        runs = self._end().runs
        return runs[min(done, len(runs) - 1)] if runs and done < len(self.pod.runs) else None

    def _end(self) -> Report:
        return self.script.ends or exited()

    def _skips(self, compiled: StageReport | None, runs: Sequence[StageReport | None]) -> bool:
        ended = [run for run in runs if run]
        if self.pod.stop_on_failure and any(run.failed for run in ended):
            return True
        used_us = sum(stage.wall_us for stage in (compiled, *ended) if stage)
        next_us = self.pod.runs[len(runs)].limits.wall_seconds * SECOND
        return used_us + next_us > self.pod.wall_seconds * SECOND

    def _only_output(self) -> StageOutput:
        return StageOutput(stdout=self.printed(Stream.STDOUT), stderr=self.printed(Stream.STDERR))


class MemoryRuntime:
    """Runs nothing. `script` decides what each pod does: by default, exit with 0 and no output."""

    def __init__(
        self,
        script: Callable[[Pod], Script] = lambda _pod: Script(),
        clock: Callable[[], Time] = now,
    ) -> None:
        self.script = script
        self.unavailable = False
        """While true, every call raises RuntimeUnavailable; pods continue nevertheless."""
        self.offered = list(LANGUAGES)
        self.held = [
            HeldLimit(limit=limit, by=Holder.RUNTIME, how="the test") for limit in LimitName
        ]
        self.room: int | None = None
        """How many pods it says it can hold; it never refuses one."""
        self.pool_size: int | None = None
        """How many pods `tend` keeps ready. None if pods are not started ahead."""
        self.ahead: dict[str, str | None] = {}
        """The pod that claimed each place where one was started ahead, or None."""
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
            self._refuse_unknown(pod)
            script = self.script(pod)
            why = "Unschedulable: no node" if script.no_room else None
            waiting = Observation(
                name=pod.name, phase=Phase.WAITING, message=why, no_room=script.no_room
            )
            self._pods[pod.name] = _Pod(pod, script, waiting)
            self.created.append(pod.name)
            if script.starts and not script.no_room:
                self.start(pod.name)

    def started_ahead(self, pod: Pod) -> Sequence[str] | None:
        with self._lock:
            self.ping()
            self._refuse_unknown(pod)
            return self._free() if self.pool_size is not None else None

    def claim(self, pod: Pod, place: str) -> None:
        with self._lock:
            self.ping()
            if self.ahead.get(place, "") not in (None, pod.name):
                raise PlaceTaken(f"{place} is no longer free")
            self.ahead[place] = pod.name
            self.create(pod)

    def pools(self) -> list[StartedAhead]:
        size, ready = self.pool_size, len(self._free())
        if size is None:
            return []
        return [StartedAhead(language="python", version="3.11", size=size, ready=ready)]

    def tend(self) -> None:
        with self._lock:
            self.ping()
            for _ in range((self.pool_size or 0) - len(self._free())):
                self.ahead[f"{STARTED_AHEAD}ahead-{len(self.ahead)}"] = None

    def _refuse_unknown(self, pod: Pod) -> None:
        if not all_run(language_key(pod.language, pod.language_version), keys_of(self.offered)):
            raise RunRefused(f"{pod.language} {pod.language_version} is not available here")

    def _free(self) -> list[str]:
        return [place for place, owner in self.ahead.items() if owner is None]

    def observe(self, name: str, wait_seconds: float = 0) -> Observation | None:
        with self._changed:
            self._changed.wait_for(lambda: not self._runs_on(name), wait_seconds)
            self.ping()
            found = self._pods.get(name)
            return found.observation if found else None

    def _runs_on(self, name: str) -> bool:
        return name in self._pods and self._pods[name].observation.phase is Phase.RUNNING

    def output(self, name: str, first_run: int = 0) -> Output | None:
        with self._lock:
            self.ping()
            found = self._pods.get(name)
            return found.output(first_run) if found else None

    def artifact(self, name: str, index: int, start: int) -> bytes | None:
        with self._lock:
            self.ping()
            found = self._pods.get(name)
            if found is None or found.observation.collected is None:
                return None
            file = found.observation.collected.files[index]
            return found.script.creates[file.name][start : start + SLICE_BYTES]

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

    def slots(self) -> int | None:
        return self.room

    def languages(self) -> list[Language]:
        self.ping()
        return list(self.offered)

    def limits_held(self) -> list[HeldLimit]:
        self.ping()
        return list(self.held)

    def release(self) -> str | None:
        self.ping()
        return "0.2.0"

    def ping(self) -> None:
        if self.unavailable:
            raise RuntimeUnavailable("the runtime is unavailable")

    # what tests can trigger

    def start(self, name: str) -> None:
        """Start the program, which then does what its script says."""
        with self._lock:
            found = self._pods[name]
            script = found.script
            self._change(name, phase=Phase.RUNNING, started_at=self._clock())
            if len(found.pod.runs) > 1 and (script.ends is None or script.ends.runs):
                while script.ends and self.end_run(name):
                    pass
                return
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

    def end_run(self, name: str, report: StageReport | None = None) -> bool:
        """End the next of several runs, by default as the script says; the last ends the pod.

        False if all have ended.
        """
        with self._lock:
            found = self._pods[name]
            report = report or found.next_report()
            if report is None:
                return False
            so_far = found.end_run(report)
            if len(so_far.runs) == len(found.pod.runs):
                self.end(name, so_far)
            else:
                self._change(name, report=so_far)
            return True

    def end(self, name: str, report: Report | None = None) -> None:
        """End the program, by default with exit code 0."""
        with self._lock:
            found = self._pods[name]
            self._change(
                name,
                phase=Phase.ENDED,
                ended_at=self._clock(),
                report=report or exited(),
                collected=found.script.collected() if found.pod.artifacts else None,
            )

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
        found.observation = replace(found.observation, **facts)  # type: ignore[arg-type]  # names and types are those of the methods above
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
