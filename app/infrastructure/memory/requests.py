"""Counts of requests, in memory."""

from collections import Counter


class MemoryRequestCounts:
    """Forgets nothing."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()

    def count(self, key_id: str, window: str, seconds: int, ahead: int) -> int:  # noqa: ARG002  # the port's signature
        self.counts[key_id, window] += 1
        return self.counts[key_id, window]
