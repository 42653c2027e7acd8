"""Parked dead letters within one process."""

from threading import Lock

from app.domain.dead_letter import DeadLetter


class MemoryParking:
    """Holds dead letters while the store is unavailable."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._letters: list[DeadLetter] = []

    def park(self, letter: DeadLetter) -> None:
        with self._lock:
            if letter not in self._letters:
                self._letters.append(letter)

    def unpark(self, limit: int) -> list[DeadLetter]:
        with self._lock:
            return sorted(self._letters, key=lambda letter: letter.last_failed_at)[:limit]

    def done(self, letter: DeadLetter) -> None:
        with self._lock:
            if letter in self._letters:
                self._letters.remove(letter)
