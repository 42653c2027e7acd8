"""How every stream waits for news."""

from collections.abc import Callable, Iterable, Iterator
from time import monotonic
from typing import Final, TypeVar

from app.ports import Listener
from app.service.stream_items import Heartbeat

News = TypeVar("News")

HEARTBEAT: Final = 15.0
"""Seconds of silence after which a heartbeat is sent."""
LOOK_AGAIN: Final = 10.0
"""Seconds between two reads without a wake-up. Each one also renews that somebody watches."""


def follow(
    news: Callable[[], Iterable[News]],
    last: type[object],
    listener: Listener,
    heartbeat: float,
    allowed: Callable[[], bool],
) -> Iterator[News | Heartbeat]:
    """Yield what `news()` returns each time, up to an item of the type `last`.

    Ends without one at the first look after `allowed` became false. A `Heartbeat` comes after
    `heartbeat` seconds of silence.
    """
    sent_at = monotonic()
    while allowed():
        for item in news():
            yield item
            if isinstance(item, last):
                return
            sent_at = monotonic()
        silence_left = sent_at + heartbeat - monotonic()
        if silence_left <= 0:
            yield Heartbeat()
            sent_at = monotonic()
        else:
            listener.wait(min(silence_left, LOOK_AGAIN))
