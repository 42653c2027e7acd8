"""The port of the runtime."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from app.domain.execution import Execution
from app.domain.language import HeldLimit, Language
from app.domain.place import StartedAhead
from app.domain.pod import Pod
from app.domain.report import Frame, Observation, Output


class SeenEnds(Protocol):
    """Ends of pods that this process has just seen, for the step that stores the result.

    A worker usually does both steps, and then needn't ask the runtime a second time.
    """

    def remember(self, end: Observation) -> None:
        """Keep an end that is complete and small: it has all output, and no files.

        Others are ignored.
        """

    def take(self, execution: Execution) -> Observation | None:
        """Return the end that the execution's verdict is about, once, if it is known here."""


class Runtime(Protocol):
    """Runs pods, which are named by execution and attempt. All methods are idempotent.

    Raises RuntimeUnavailable if the daemon or the API server is unavailable.
    """

    def create(self, pod: Pod) -> None:
        """Accept the pod and start it as soon as possible, unless it exists.

        Raises RunRefused if the pod can never run here.
        """

    def started_ahead(self, pod: Pod) -> Sequence[str] | None:
        """Return the places where pods wait that can become this one, in any order.

        None if none are ever started ahead for such pods. Raises RunRefused.
        """

    def claim(self, pod: Pod, place: str) -> None:
        """Make what was started ahead at the place this pod, unless it is that already.

        Only one pod can claim it: raises PlaceTaken if another did, and also if nothing is there.
        """

    def observe(self, name: str, wait_seconds: float = 0) -> Observation | None:
        """Return what is known about the pod now, or None if there is none.

        A runtime that supports it waits up to `wait_seconds` for the pod's end, and then needn't
        report that end to watchers too.
        """

    def output(self, name: str, first_run: int = 0) -> Output | None:
        """Return what an ended pod printed, or None if it is no longer available.

        Begins with the run of that index, and has as many more as fit into 4 MiB, so that the
        output of many runs is never in memory as a whole: a caller continues with the index of
        the first missing one. What the compiler printed comes with run 0 only.
        """

    def artifact(self, name: str, index: int, start: int) -> bytes | None:
        """Return up to `SLICE_BYTES` of that collected file from `start` on, or nothing at its end.

        `index` counts in the order of the observation. Returns None if it is no longer available.
        """

    def follow(self, name: str, after: int) -> list[Frame]:
        """Return the output so far of a pod with one run, from the first frame after `after`.

        Returns at once, and nothing if the pod doesn't exist or has several runs.
        """

    def delete(self, name: str) -> None:
        """Kill the pod if it runs, and forget it. Returns once nothing of it is running."""

    def list_pods(self) -> list[str]:
        """Return the names of all pods."""

    def watch(self, stop: Callable[[], bool]) -> Iterator[str]:
        """Yield the name of every pod of which a run ends or the phase changes, until `stop()`.

        Returns once it receives all changes, so that a caller who then lists the pods misses none.
        Ends within a second of `stop()`, or with RuntimeUnavailable.
        """

    def slots(self) -> int | None:
        """Return how many pods it can hold at once, or None if that doesn't change.

        Needs no connection. Only what `watch` has seen in this process tells more than the number
        to begin with.
        """

    def pools(self) -> Sequence[StartedAhead]:
        """Return what is started ahead, as `watch` has seen it in this process."""

    def tend(self) -> None:
        """Start ahead what is missing, and remove what is too old or in the way of attempts.

        A bounded slice of work; one process at a time does it.
        """

    def languages(self) -> list[Language]:
        """Return the languages that this runtime can run, with their versions."""

    def limits_held(self) -> list[HeldLimit]:
        """Return what enforces each limit where pods run: every `LimitName` once, in order."""

    def release(self) -> str | None:
        """Return the release of Podline that runs pods here, or None if that isn't known."""

    def ping(self) -> None: ...
