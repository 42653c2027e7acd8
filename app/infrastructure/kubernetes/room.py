"""How many attempts a cluster has room for, as far as its scheduler shows.

Nobody but the scheduler knows: nodes come and go, and others use them too. So the number follows
from what happens to our own pods, as the window of a TCP sender does (RFC 5681). It grows while
each pod finds a node, shrinks to what fits as soon as one doesn't, and grows by one after a while,
to find out whether there is more room by now.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from enum import Enum
from typing import Final

FIRST: Final = 4
"""Attempts. The number doubles as soon as so many have a node, so that it takes six times to reach
200; but a small cluster must not get 200 pods at once.
"""
HOLD_SECONDS: Final = 30.0
"""How long it does not grow after a pod found no node."""
PATIENCE_SECONDS: Final = 15.0
"""How long a pod that tries for more room may wait. Autoscalers of nodes act on pods that wait, and
look at them every ten seconds.
"""
ALONE_SECONDS: Final = 5.0
"""A pod that found no node for so long, with none of ours on any, doesn't wait for ours."""
KEPT_FREE: Final = 4
"""So many slots, and its own, are kept free for one that is larger than others."""
STALE_SECONDS: Final = 12.0
"""A scheduler looks at a pod that it refused again within ten seconds, so a refusal may be old."""
_NAMES: Final = 1_000


class Standing(Enum):
    """What became of an attempt's pod so far."""

    UNDECIDED = "undecided"
    PLACED = "placed"
    """It has a node, whether it runs there or not."""
    REFUSED = "refused"
    """There is no node with room for it, or its quota is used up."""


class Room:
    """The watcher tells it what it sees. Times are seconds of a clock that never goes back."""

    def __init__(self) -> None:
        self._room = FIRST
        self._held = 0
        """The most that had a node together, since there was less room than that."""
        self._step = FIRST
        """By how much it grows next."""
        self._settled_until = 0.0
        self._patient_until = 0.0
        self._refused_since: float | None = None
        """Since when one was refused although no more had a pod than were held before."""
        self._alone_since: float | None = None
        self._blamed: Counter[str] = Counter()
        """How often it shrank because one was refused for long."""
        self._hopeless: frozenset[str] = frozenset()
        """Refused although none of ours is on any node, or although much was kept free: no room of
        ours would help them. They hold a slot each until their start deadline, and must not stop
        the others. Of several that wait alone, it is the oldest; the others give their slots back.
        """

    @property
    def slots(self) -> int:
        """How many attempts may have a pod now."""
        return self._room + len(self._hopeless)

    def see(self, attempts: Mapping[str, Standing], now: float, idle: int = 0) -> None:
        """Adapt to what became of all attempts' pods.

        `idle` pods that were started ahead are on nodes, and are room for as many attempts.
        """
        found = {name for name, standing in attempts.items() if standing is Standing.REFUSED}
        self._hopeless &= found
        refused = len(found - self._hopeless)
        placed = idle + sum(standing is Standing.PLACED for standing in attempts.values())
        fitting = idle + len(attempts) - len(found)
        if not refused or placed:
            self._alone_since = None
        if not refused:
            self._refused_since = None
            if placed == fitting:
                self._hold(placed, now)
        elif not placed and self._is_alone(now):
            self._hopeless |= {min(found - self._hopeless)}
            self._shrink(0, now)
            self._alone_since, self._settled_until = None, now
        elif fitting + refused > self._held:
            self._refused_since = None
            if now >= self._patient_until:
                self._shrink(max(placed, self._held), now)
        elif self._is_refused_for_long(now):
            self._shrink(fitting, now)
            self._blame(found - self._hopeless, now)

    def excess(self, attempts: Mapping[str, Standing]) -> list[str]:
        """Return those that found no room, and have to give their slots back: the newest first."""
        most = max(len(attempts) - self.slots, 0)
        refused = (name for name, standing in attempts.items() if standing is Standing.REFUSED)
        return sorted(refused, reverse=True)[:most]

    def _hold(self, placed: int, now: float) -> None:
        if placed > self._held:
            self._held, self._settled_until = placed, now
        self._room = max(self._room, placed)
        if placed < self._room or now < self._settled_until:
            return
        if self._step == 1:
            self._patient_until = now + PATIENCE_SECONDS
        self._room += self._step
        self._step *= 2

    def _shrink(self, to: int, now: float) -> None:
        self._held, self._room, self._step = to, max(to, 1), 1
        self._refused_since = None
        self._settled_until = now + HOLD_SECONDS

    def _blame(self, refused: Collection[str], now: float) -> None:
        """Give up those that found no node however much room was kept free for them."""
        self._blamed.update(refused)
        large = {name for name in refused if self._blamed[name] > KEPT_FREE}
        if large:
            self._hopeless |= large
            self._settled_until = now
        if len(self._blamed) > _NAMES:
            self._blamed.clear()

    def _is_alone(self, now: float) -> bool:
        self._alone_since = now if self._alone_since is None else self._alone_since
        return now - self._alone_since >= ALONE_SECONDS

    def _is_refused_for_long(self, now: float) -> bool:
        self._refused_since = now if self._refused_since is None else self._refused_since
        return now - self._refused_since >= STALE_SECONDS
