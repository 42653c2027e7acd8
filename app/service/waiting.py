"""Wait until something becomes true of an execution: woken, not polled."""

import logging
from collections.abc import Callable
from time import monotonic
from typing import Final

from app.domain.errors import KeyDeleted, StoreUnavailable
from app.domain.execution import Execution
from app.ports import Ports

log = logging.getLogger(__name__)

LOOK_AGAIN: Final = 5.0
"""Seconds after which the store is asked without a wake-up, for one may have been lost."""


def wait_until(
    ports: Ports,
    execution_id: str,
    done: Callable[[Execution], bool],
    seconds: float,
    allowed: Callable[[], bool] = lambda: True,
    wanted: Callable[[], bool] = lambda: True,
) -> Execution | None:
    """The execution once it is `done`, or as it is after so many seconds; None if it is gone.

    It is also returned as it is at the first look after it is no longer `wanted`.

    Raises StoreUnavailable only if the store was unavailable at the first look, and KeyDeleted
    at the first look after `allowed` became false.
    """
    deadline = monotonic() + seconds
    with ports.wakeups.listen(execution_id) as listener:
        execution = ports.store.executions.get(execution_id)
        while execution is not None and not done(execution) and wanted():
            remaining = deadline - monotonic()
            if remaining <= 0:
                break
            listener.wait(min(remaining, LOOK_AGAIN))
            if not allowed():
                raise KeyDeleted
            try:
                execution = ports.store.executions.get(execution_id)
            except StoreUnavailable as error:
                log.warning("still waiting for execution %s: %s", execution_id, error)
        return execution
