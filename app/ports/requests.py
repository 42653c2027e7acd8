"""The port that counts requests."""

from typing import Protocol


class RequestCounts(Protocol):
    """Counts the requests of each API key, in windows of time. Never raises."""

    def count(self, key_id: str, window: str, seconds: int, ahead: int) -> int:
        """Count a request. Returns how many there were in this window, with this one.

        All processes count together. Each may count `ahead` requests at once, whose numbers it then
        gives to the next ones. While Redis is down, each counts for itself. A window is forgotten
        after `seconds`.
        """
