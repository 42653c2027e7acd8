"""The admission queue as a plain list: slow, but obviously correct."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from threading import RLock
from typing import Final, TypeAlias

from app.domain.execution import SECOND, Time
from app.domain.hosts import Group, able
from app.domain.submission import Priority
from app.ports import Caps, QueueEntry

Lane: TypeAlias = tuple[str, Priority]
"""An owner's entries in one band, which share its turns."""


class MemoryAdmissionQueue:
    """Compares all entries for every slot. The Lua script is tested against this."""

    def __init__(self, ageing_seconds: float = 60) -> None:
        self._ageing = max(1, int(ageing_seconds * SECOND))
        self._lock = RLock()
        self._queued: dict[str, QueueEntry] = {}
        self._slots: dict[str, tuple[QueueEntry, Time]] = {}
        self._groups: dict[str, str | None] = {}
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
            while len(taken) < limit:
                free = self._free(caps)
                held = Counter(holder.owner for holder, _ in self._slots.values())
                waiting = [
                    (entry, group)
                    for entry in self._queued.values()
                    if held[entry.owner] < caps.per_owner
                    for group in [_first(free, caps.groups, entry.languages)]
                    if group is not None
                ]
                if not waiting:
                    break
                entry, group = min(waiting, key=lambda each: self._place(each[0], held, now))
                self._take_slot(entry, now, group.name or None)
                taken.append(entry.execution_id)
            return taken

    def _free(self, caps: Caps) -> list[Group]:
        """The groups with a free slot. Slots of unknown groups count in each."""
        if not caps.groups:
            return [_ALIKE] if len(self._slots) < caps.total else []
        held = Counter(self._groups.values())
        strays = len(self._slots) - sum(held[group.name] for group in caps.groups)
        return [group for group in caps.groups if held[group.name] + strays < group.slots]

    def leave(self, execution_id: str, now: Time) -> None:
        with self._lock:
            self._queued.pop(execution_id, None)
            self._groups.pop(execution_id, None)
            holder, _ = self._slots.pop(execution_id, (None, None))
            self._turn(holder, now)

    def hold(self, entry: QueueEntry, now: Time, group: str | None = None) -> None:
        with self._lock:
            self._groups[entry.execution_id] = group
            if entry.execution_id not in self._slots:
                self._take_slot(entry, now, group)

    def group(self, execution_id: str) -> str | None:
        return self._groups.get(execution_id)

    def strays(self, groups: Iterable[str], limit: int) -> list[str]:
        with self._lock:
            known = set(groups)
            taken = sorted((at, id) for id, (_, at) in self._slots.items())
            return [id for _, id in taken if self._groups[id] not in known][:limit]

    def queue_position(self, execution_id: str) -> int | None:
        with self._lock:
            entry = self._queued.get(execution_id)
            if entry is None:
                return None
            ahead = [e for e in self._queued.values() if self._rank(e) < self._rank(entry)]
            own = [e for e in ahead if _lane(e) == _lane(entry)]
            lines = {_line(e) for e in self._queued.values()}
            return min(len(ahead) + 1, (len(own) + 1) * len(lines))

    def contains(self, execution_ids: Sequence[str]) -> list[bool]:
        with self._lock:
            return [id in self._queued or id in self._slots for id in execution_ids]

    def queued_by_owner(self, lines: int) -> Counter[str]:
        with self._lock:
            counted = sorted({_line(entry) for entry in self._queued.values()})[:lines]
            return Counter(e.owner for e in self._queued.values() if _line(e) in counted)

    def slots(self, taken_before: Time, limit: int) -> list[str]:
        with self._lock:
            old = sorted((at, id) for id, (_, at) in self._slots.items() if at < taken_before)
            return [id for _, id in old[:limit]]

    def slots_used(self) -> int:
        return len(self._slots)

    def length(self) -> int:
        return len(self._queued)

    def check_version(self) -> None:
        return

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
            self._groups.clear()
            self._turns.clear()
            self._ready = False

    def _take_slot(self, entry: QueueEntry, now: Time, group: str | None) -> None:
        self._queued.pop(entry.execution_id, None)
        self._groups[entry.execution_id] = group
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


_ALIKE: Final = Group(name="", slots=0, languages=frozenset())
"""Stands for all slots where they have no groups."""


def _first(free: Iterable[Group], groups: Iterable[Group], languages: str) -> Group | None:
    fit = able(groups, languages)
    return next((group for group in free if group is _ALIKE or group in fit), None)


def _lane(entry: QueueEntry) -> Lane:
    return entry.owner, entry.priority


def _line(entry: QueueEntry) -> tuple[str, Priority, str]:
    return entry.owner, entry.priority, entry.languages
