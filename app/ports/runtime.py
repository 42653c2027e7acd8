"""The port of what runs pods."""

from collections.abc import Callable, Iterator
from typing import Protocol

from app.domain.pod import Frame, Observation, Output, Pod
from app.domain.records import HeldLimit, Language


class Runtime(Protocol):
    """Runs pods. Everything is idempotent; a pod is named by execution and attempt.

    Raises RuntimeUnavailable where the daemon or the API server is away.
    """

    def create(self, pod: Pod) -> None:
        """Accept the pod and start it as soon as possible. Once is enough: again does nothing.

        Raises RunRefused for a pod that can never run here.
        """

    def observe(self, name: str, wait_seconds: float = 0) -> Observation | None:
        """What is known of it now; None if there is no such pod.

        A runtime that can waits up to `wait_seconds` for it to end. An end that was waited for
        in this way need not be told to the watchers too.
        """

    def output(self, name: str) -> Output | None:
        """All that an ended pod printed; None if that is gone."""

    def follow(self, name: str, after: int) -> list[Frame]:
        """What the run stage printed so far, from the first frame with a sequence > `after`.

        Returns at once, perhaps with nothing; nothing for a pod that does not exist.
        """

    def delete(self, name: str) -> None:
        """Kill it if it runs, and forget all of it. Returns when nothing of it runs any more."""

    def list_pods(self) -> list[str]:
        """The names of all pods there are."""

    def watch(self, stop: Callable[[], bool]) -> Iterator[str]:
        """The name of every pod whose phase changed from now on, until `stop()` is true.

        Returns once it hears of every change, so that a caller who lists after it misses nothing.
        Yields at most a second after `stop()`; ends with RuntimeUnavailable if the runtime goes.
        """

    def languages(self) -> list[Language]:
        """What can be run here, with versions."""

    def limits_held(self) -> list[HeldLimit]:
        """What holds each limit where pods run: every `LimitName` once, in order."""

    def ping(self) -> None: ...
