"""Permits to send callbacks: a number of them in all, for one owner, and to one host."""

from collections.abc import Callable, Iterable
from threading import Lock
from typing import Final, NamedTuple, Protocol, TypeAlias

AT_ONCE: Final = 8
PER_OWNER: Final = 7
"""Receivers of one owner can have any number of names, so a permit is left for others."""
PER_HOST: Final = 2

GiveBack: TypeAlias = Callable[[], None]


class Held(NamedTuple):
    """What a permit is used for."""

    owner: str
    host: str


class Permits(Protocol):
    """Never raises."""

    def take(self, wanted: Held) -> GiveBack | None:
        """Return what gives the permit back, or None if too many are held."""


class OwnPermits:
    """Permits of this process alone."""

    def __init__(self) -> None:
        self._held: list[Held] = []
        self._lock = Lock()

    def take(self, wanted: Held) -> GiveBack | None:
        with self._lock:
            if not _is_left(self._held, wanted):
                return None
            self._held.append(wanted)
        return lambda: self._give_back(wanted)

    def _give_back(self, held: Held) -> None:
        with self._lock:
            self._held.remove(held)


def _is_left(held: Iterable[Held], wanted: Held) -> bool:
    every = tuple(held)
    of_owner = sum(each.owner == wanted.owner for each in every)
    of_host = sum(each.host == wanted.host for each in every)
    return len(every) < AT_ONCE and of_owner < PER_OWNER and of_host < PER_HOST
