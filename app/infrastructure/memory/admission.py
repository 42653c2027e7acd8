"""The admission queue as a plain list: slow, and obviously right."""

from collections import Counter
from collections.abc import Sequence
from threading import RLock

from app.domain.execution import SECOND, Time
from app.ports import Caps, QueueEntry


class MemoryAdmissionQueue:
    """Sorts all entries on every take. The Lua script is tested against this."""

    def __init__(self, ageing_seconds: float = 60) -> None:
        self._ageing = int(ageing_seconds * SECOND)
        self._lock = RLock()
        self._queued: dict[str, QueueEntry] = {}
        self._slots: dict[str, tuple[str, Time]] = {}
        self._ready = False

    def enter(self, entries: Sequence[QueueEntry]) -> None:
        with self._lock:
            for entry in entries:
                if entry.execution_id not in self._slots:
                    self._queued.setdefault(entry.execution_id, entry)

    def take(self, caps: Caps, now: Time, limit: int) -> list[str]:
        with self._lock:
            if not self._ready:
                return []
            taken: list[str] = []
            used = Counter(owner for owner, _ in self._slots.values())
            for entry in sorted(self._queued.values(), key=self._order_of_admission):
                if len(taken) >= limit or len(self._slots) >= caps.total:
                    break
                if used[entry.owner] < caps.per_owner:
                    used[entry.owner] += 1
                    self._take_slot(entry, now)
                    taken.append(entry.execution_id)
            return taken

    def leave(self, execution_id: str) -> None:
        with self._lock:
            self._queued.pop(execution_id, None)
            self._slots.pop(execution_id, None)

    def hold(self, entry: QueueEntry, now: Time) -> None:
        with self._lock:
            if entry.execution_id not in self._slots:
                self._take_slot(entry, now)

    def position(self, execution_id: str) -> int | None:
        with self._lock:
            order = sorted((self._score(e), e.execution_id) for e in self._queued.values())
            ids = [id for _, id in order]
            return ids.index(execution_id) + 1 if execution_id in ids else None

    def contains(self, execution_ids: Sequence[str]) -> list[bool]:
        with self._lock:
            return [id in self._queued or id in self._slots for id in execution_ids]

    def slots(self, taken_before: Time, limit: int) -> list[str]:
        with self._lock:
            old = sorted((at, id) for id, (_, at) in self._slots.items() if at < taken_before)
            return [id for _, id in old[:limit]]

    def slots_used(self) -> int:
        return len(self._slots)

    def length(self) -> int:
        return len(self._queued)

    def ready(self) -> bool:
        return self._ready

    def mark_ready(self) -> None:
        self._ready = True

    def clear(self) -> None:
        with self._lock:
            self._queued.clear()
            self._slots.clear()
            self._ready = False

    def _take_slot(self, entry: QueueEntry, now: Time) -> None:
        self._queued.pop(entry.execution_id, None)
        self._slots[entry.execution_id] = entry.owner, now

    def _score(self, entry: QueueEntry) -> int:
        return entry.entered_at + entry.priority.band * self._ageing

    def _order_of_admission(self, entry: QueueEntry) -> tuple[int, str, str]:
        return self._score(entry), entry.owner, entry.execution_id
