"""The admission queue as a plain list: slow, but obviously correct."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from threading import RLock
from typing import TypeAlias

from app.domain.execution import SECOND, Time
from app.domain.submission import Priority
from app.ports import Caps, QueueEntry

Lane: TypeAlias = tuple[str, Priority]
"""An owner's entries in one band."""


class MemoryAdmissionQueue:
    """Compares all entries for every slot. The Lua script is tested against this."""

    def __init__(self, ageing_seconds: float = 60) -> None:
        self._ageing = max(1, int(ageing_seconds * SECOND))
        self._lock = RLock()
        self._queued: dict[str, QueueEntry] = {}
        self._slots: dict[str, tuple[QueueEntry, Time]] = {}
        self._turns: dict[Lane, Time] = {}
        self._ready = False

    def enter(self, entries: Sequence[QueueEntry]) -> None:
        with self._lock:
            for entry in entries:
                if entry.execution_id not in self._slots:
                    self._queued.setdefault(entry.execution_id, entry)

    def take(
        self,
        caps: Caps,
        now: Time,
        limit: int,
        *,
        entering: QueueEntry | None = None,
        leaving: str | None = None,
    ) -> list[str]:
        with self._lock:
            if entering is not None:
                self.enter([entering])
            if leaving is not None:
                self.leave(leaving, now)
            if not self._ready:
                return []
            self._mend_times(now)
            taken: list[str] = []
            while len(taken) < limit and len(self._slots) < caps.total:
                held = Counter(holder.owner for holder, _ in self._slots.values())
                waiting = [e for e in self._queued.values() if held[e.owner] < caps.per_owner]
                if not waiting:
                    break
                entry = min(waiting, key=lambda entry: self._place(entry, held, now))
                self._take_slot(entry, now)
                taken.append(entry.execution_id)
            return taken

    def leave(self, execution_id: str, now: Time) -> None:
        with self._lock:
            self._queued.pop(execution_id, None)
            holder, _ = self._slots.pop(execution_id, (None, None))
            self._turn(holder, now)

    def hold(self, entry: QueueEntry, now: Time) -> None:
        with self._lock:
            if entry.execution_id not in self._slots:
                self._take_slot(entry, now)

    def queue_position(self, execution_id: str) -> int | None:
        with self._lock:
            entry = self._queued.get(execution_id)
            if entry is None:
                return None
            ahead = [e for e in self._queued.values() if self._rank(e) < self._rank(entry)]
            own = [e for e in ahead if _lane(e) == _lane(entry)]
            lanes = {_lane(e) for e in self._queued.values()}
            return min(len(ahead) + 1, (len(own) + 1) * len(lanes))

    def contains(self, execution_ids: Sequence[str]) -> list[bool]:
        with self._lock:
            return [id in self._queued or id in self._slots for id in execution_ids]

    def queued_by_owner(self, lanes: int) -> Counter[str]:
        with self._lock:
            counted = sorted({_lane(entry) for entry in self._queued.values()})[:lanes]
            return Counter(e.owner for e in self._queued.values() if _lane(e) in counted)

    def slots(self, taken_before: Time, limit: int) -> list[str]:
        with self._lock:
            old = sorted((at, id) for id, (_, at) in self._slots.items() if at < taken_before)
            return [id for _, id in old[:limit]]

    def slots_used(self) -> int:
        return len(self._slots)

    def length(self) -> int:
        return len(self._queued)

    def upgrade(self) -> None:
        return

    def ready(self) -> bool:
        return self._ready

    def mark_ready(self) -> None:
        self._ready = True

    def clear(self) -> None:
        with self._lock:
            self._queued.clear()
            self._slots.clear()
            self._turns.clear()
            self._ready = False

    def _take_slot(self, entry: QueueEntry, now: Time) -> None:
        self._queued.pop(entry.execution_id, None)
        self._slots[entry.execution_id] = entry, now
        self._turn(entry, now)

    def _turn(self, holder: QueueEntry | None, now: Time) -> None:
        """Record that the holder's lane took or released a slot. Empty lanes are forgotten."""
        if holder is not None:
            self._turns[_lane(holder)] = now
        queued = {_lane(entry) for entry in self._queued.values()}
        self._turns = {lane: turn for lane, turn in self._turns.items() if lane in queued}

    def _place(
        self, entry: QueueEntry, held: Counter[str], now: Time
    ) -> tuple[int, int, Time, int, str, Time, str]:
        """Return the sort key; the lowest is next. The last four only break ties of the rule."""
        since = max(entry.entered_at, self._turns.get(_lane(entry), entry.entered_at))
        effective_band = entry.priority.band - max(0, now - since) // self._ageing
        return (
            effective_band,
            held[entry.owner],
            since,
            entry.priority.band,
            entry.owner,
            entry.entered_at,
            entry.execution_id,
        )

    def _rank(self, entry: QueueEntry) -> tuple[Time, str]:
        return entry.entered_at + entry.priority.band * self._ageing, entry.execution_id

    def _mend_times(self, now: Time) -> None:
        """Treat times in the future as now: they mean that a clock was set back."""
        latest = now + len(Priority) * self._ageing
        for id, entry in self._queued.items():
            if entry.entered_at > now and self._rank(entry)[0] > latest:
                self._queued[id] = replace(entry, entered_at=now)
        for lane, turn in self._turns.items():
            if turn > now + self._ageing:
                self._turns[lane] = now


def _lane(entry: QueueEntry) -> Lane:
    return entry.owner, entry.priority
