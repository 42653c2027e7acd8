"""Which slot runs what, and for how long an idle one keeps a jail waiting."""

import threading
from collections import deque
from collections.abc import Sequence
from queue import Empty, SimpleQueue
from typing import Final

from sandbox.daemon.run import Run
from sandbox.daemon.slot import Slot

_SECONDS_TO_KEEP_A_JAIL: Final = 300.0


class Slots:
    """Runs are taken in the order in which they came. Safe for many threads."""

    def __init__(
        self, slots: Sequence[Slot], *, seconds_to_keep_a_jail: float = _SECONDS_TO_KEEP_A_JAIL
    ) -> None:
        self.all = tuple(slots)
        self._seconds_to_keep_a_jail = seconds_to_keep_a_jail
        self._lock = threading.Lock()
        self._waiting: deque[Run] = deque()
        self._idle: list[Slot] = []
        """The one that has waited longest comes first: its jail is surely set up."""
        self._inboxes: dict[Slot, SimpleQueue[Run | None]] = {
            slot: SimpleQueue() for slot in self.all
        }
        """What an idle slot is to run next; None when it is to stop."""
        self._stopped = False

    def offer(self, run: Run) -> None:
        with self._lock:
            if not self._idle:
                self._waiting.append(run)
                return
            slot = max(self._idle, key=lambda slot: slot.suits(run.disk_mib))
            self._idle.remove(slot)
        self._inboxes[slot].put(run)

    def next_for(self, slot: Slot) -> Run | None:
        """Wait for one; None when all is to stop. For the slot's own thread."""
        if not self._waiting:
            slot.keep_jail()
        with self._lock:
            if self._stopped:
                return None
            if self._waiting:
                return self._waiting.popleft()
            self._idle.append(slot)
        inbox = self._inboxes[slot]
        try:
            return inbox.get(timeout=self._seconds_to_keep_a_jail)
        except Empty:
            slot.drop_jail()
            return inbox.get()

    def stop(self) -> None:
        """No slot gets anything any more."""
        with self._lock:
            self._stopped = True
            idle, self._idle = self._idle, []
        for slot in idle:
            self._inboxes[slot].put(None)
