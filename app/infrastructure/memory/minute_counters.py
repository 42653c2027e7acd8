"""Counters per minute, in memory."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from threading import Lock


class MemoryMinuteCounters:
    def __init__(self) -> None:
        self._lock = Lock()
        self._minutes: dict[int, Counter[str]] = defaultdict(Counter)

    def add(self, minute: int, counters: Iterable[str]) -> None:
        with self._lock:
            self._minutes[minute].update(counters)

    def note(self, minute: int, counter: str, value: int) -> None:
        with self._lock:
            self._minutes[minute][counter] = value

    def read(self, minutes: Sequence[int]) -> list[Mapping[str, int]]:
        with self._lock:
            return [dict(self._minutes.get(minute, {})) for minute in minutes]
