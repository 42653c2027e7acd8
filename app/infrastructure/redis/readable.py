"""Reports of other processes, which may be of another release."""

import logging
from collections.abc import Mapping
from functools import lru_cache
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

R = TypeVar("R")

log = logging.getLogger(__name__)


def readable(adapter: TypeAdapter[R], found: Mapping[str, str]) -> dict[str, R]:
    """Those that this release can read, by name: no other one may stop what all of them share."""
    reports = {}
    for name, text in found.items():
        try:
            reports[name] = adapter.validate_json(text)
        except ValidationError:
            _warn(name)
    return reports


@lru_cache(maxsize=1000)
def _warn(name: str) -> None:
    """Only once, as reports are read often."""
    log.warning("what %r reports can't be read: is it of another release?", name)
