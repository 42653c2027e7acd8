"""Which bay runs which pod, and how long an idle bay keeps a jail waiting."""

import threading
from collections import deque
from collections.abc import Sequence
from queue import Empty, SimpleQueue
from typing import Final

from sandbox.daemon.active_pod import ActivePod
from sandbox.daemon.bay import Bay

_SECONDS_TO_KEEP_A_JAIL: Final = 300.0


class Bays:
    """Takes pods in the order in which they came. Safe for many threads."""

    def __init__(
        self, bays: Sequence[Bay], *, seconds_to_keep_a_jail: float = _SECONDS_TO_KEEP_A_JAIL
    ) -> None:
        self.all = tuple(bays)
        self._seconds_to_keep_a_jail = seconds_to_keep_a_jail
        self._lock = threading.Lock()
        self._waiting: deque[ActivePod] = deque()
        self._idle: list[Bay] = []
        """The bay that has waited longest comes first: its jail is surely set up."""
        self._inboxes: dict[Bay, SimpleQueue[ActivePod | None]] = {
            bay: SimpleQueue() for bay in self.all
        }
        """What an idle bay is to run next; None when it is to stop."""
        self._stopped = False

    def offer(self, pod: ActivePod) -> None:
        with self._lock:
            if not self._idle:
                self._waiting.append(pod)
                return
            bay = max(self._idle, key=lambda bay: bay.suits(pod.first_disk_mib))
            self._idle.remove(bay)
        self._inboxes[bay].put(pod)

    def next_for(self, bay: Bay) -> ActivePod | None:
        """Wait for the next pod; None when the daemon stops. For the bay's own thread."""
        if not self._waiting:
            bay.keep_jail()
        with self._lock:
            if self._stopped:
                return None
            if self._waiting:
                return self._waiting.popleft()
            self._idle.append(bay)
        bay.await_jail()
        inbox = self._inboxes[bay]
        try:
            return inbox.get(timeout=self._seconds_to_keep_a_jail)
        except Empty:
            bay.drop_jail()
            return inbox.get()

    def stop(self) -> None:
        """Give no bay any more pods."""
        with self._lock:
            self._stopped = True
            idle, self._idle = self._idle, []
        for bay in idle:
            self._inboxes[bay].put(None)
