"""The port of the bays of the sandbox daemon beside a worker."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class BayCount:
    """How many pods the daemon runs at once."""

    total: int
    free: int
    """Not running a pod, and not held for a pod that is about to be created."""
    pods: int = 0
    """Those that have ended and are not deleted yet count, too."""
    draining: bool = False
    """It lets nobody hold any more bays."""


class Bays(Protocol):
    """The free bays that are held for this worker, so that it takes on no more than can run.

    A step that creates a pod is taken from the queue, or done at once after the step before it,
    only in exchange for a bay that is held. One of them is always left for the queue.
    """

    def open(self) -> None:
        """Hold bays from now on, in the background."""

    def close(self) -> None:
        """Hold none any more, but those for pods that are about to be created."""

    def wait(self, seconds: float) -> bool:
        """Wait until a bay is held for the queue. False after that time."""

    def take(self) -> bool:
        """Hold a bay for a step that was taken from the queue.

        False if none is held any more, or during a pause.
        """

    def join(self) -> bool:
        """Hold a bay for a step that is done at once. False if it must go through the queue."""

    def held(self) -> AbstractContextManager[None]:
        """Create a pod in a bay that is held, if there is one, and hold it no longer then."""

    def pause(self) -> None:
        """Take nothing from the queue for a while: pods can't be created here."""

    def drain(self) -> bool:
        """Have the daemon let nobody hold a bay any more. Whether no pod is left, and none comes.

        Raises RuntimeUnavailable.
        """

    def count(self) -> BayCount:
        """Ask the daemon. Raises RuntimeUnavailable."""
