"""Dead letters, in memory."""

from collections import Counter
from threading import Lock

from app.domain.dead_letter import CLOSED, DeadLetter, DeadLetterKind, DeadLetterStatus
from app.domain.execution import Time
from app.infrastructure.memory.tables import descending


class MemoryDeadLetters:
    def __init__(self) -> None:
        self._lock = Lock()
        self._letters: dict[str, DeadLetter] = {}

    def put(self, letter: DeadLetter) -> bool:
        with self._lock:
            return self._letters.setdefault(letter.id, letter) is letter

    def update(self, before: DeadLetter, after: DeadLetter) -> bool:
        with self._lock:
            if self._letters.get(before.id) != before:
                return False
            self._letters[before.id] = after
            return True

    def get(self, letter_id: str) -> DeadLetter | None:
        with self._lock:
            return self._letters.get(letter_id)

    def page(
        self,
        status: DeadLetterStatus | None,
        kind: DeadLetterKind | None,
        before: str | None,
        limit: int,
    ) -> list[DeadLetter]:
        with self._lock:
            return descending(self._matching(status, kind), before, limit)

    def due(self, now: Time, limit: int) -> list[DeadLetter]:
        with self._lock:
            due = [
                (letter.next_retry_at, letter)
                for letter in self._letters.values()
                if letter.status in (DeadLetterStatus.WAITING, DeadLetterStatus.RETRYING)
                and letter.next_retry_at is not None
                and letter.next_retry_at <= now
            ]
            return [letter for _, letter in sorted(due, key=lambda item: item[0])[:limit]]

    def count(self) -> dict[DeadLetterStatus, int]:
        with self._lock:
            return dict(Counter(letter.status for letter in self._letters.values()))

    def matching(
        self, status: DeadLetterStatus | None, kind: DeadLetterKind | None, at_most: int
    ) -> int:
        with self._lock:
            return min(len(self._matching(status, kind)), at_most)

    def remove_failed_before(self, time: Time, limit: int) -> int:
        with self._lock:
            old = [
                (letter.last_failed_at, letter.id)
                for letter in self._letters.values()
                if letter.status in CLOSED and letter.last_failed_at < time
            ]
            removed = sorted(old)[:limit]
            for _, letter_id in removed:
                del self._letters[letter_id]
            return len(removed)

    def _matching(
        self, status: DeadLetterStatus | None, kind: DeadLetterKind | None
    ) -> list[DeadLetter]:
        return [
            letter
            for letter in self._letters.values()
            if status in (None, letter.status) and kind in (None, letter.kind)
        ]
