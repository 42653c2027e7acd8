"""Which dependencies are available."""

import logging
from collections.abc import Callable

from app.domain.errors import Unavailable
from app.ports import Health, Ports

log = logging.getLogger(__name__)

ESSENTIAL = "store"
"""Without the other dependencies, submissions are still accepted, and run later."""


def health(ports: Ports) -> Health:
    """For every dependency, None or what is wrong, without internal details."""
    return {
        ESSENTIAL: _trouble(ports.store.ping),
        "redis": _trouble(lambda: _queue(ports)),
        "event_log": _trouble(ports.event_log.ping),
        "runtime": _trouble(ports.runtime.ping),
    }


def _trouble(ask: Callable[[], str | None]) -> str | None:
    try:
        return ask()
    except Unavailable as error:
        log.warning("%s: %s", type(error).__name__, error)
        return type(error).__doc__


def _queue(ports: Ports) -> str | None:
    return None if ports.admission.ready() else "Queue and slots were lost and are being rebuilt."
