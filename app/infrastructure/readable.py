"""What other processes have written, which may be of another release."""

import logging
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Final, TypeVar

from pydantic import ValidationError

T = TypeVar("T")
V = TypeVar("V")

REPORTS_OF: Final = "what {!r} reports"
"""What a line of the log says of a name."""

log = logging.getLogger(__name__)


def readable(
    read: Callable[[T], V], found: Iterable[tuple[str, T]], called: str
) -> Iterator[tuple[str, V]]:
    """Those that this release can read, with their names: no other one may stop what all share.

    `called` is what a line of the log says of a name, such as `REPORTS_OF`.
    """
    for name, each in found:
        try:
            yield name, read(each)
        except ValidationError:
            _warn(called.format(name))


@lru_cache(maxsize=1000)
def _warn(what: str) -> None:
    """Only once, as they are read often. The error would quote contents."""
    log.warning("%s can't be read: is it of another release?", what)
