"""Wait until an execution has ended: woken, not polled."""

import logging
from collections.abc import Callable
from time import monotonic
from typing import Final

from app.domain.errors import KeyDeleted, NotFound, StoreUnavailable
from app.domain.execution import Execution
from app.ports import Executions, Wakeups

log = logging.getLogger(__name__)

LOOK_AGAIN: Final = 5.0
"""Seconds after which the store is asked without a wake-up, since one may have been lost."""


def wait_for_end(
    executions: Executions,
    wakeups: Wakeups,
    execution_id: str,
    seconds: float,
    allowed: Callable[[], bool] = lambda: True,
    wanted: Callable[[], bool] = lambda: True,
) -> Execution:
    """The execution once it is terminal, or as it is after this many `seconds`.

    It is also returned as it is at the first look after it is no longer `wanted`.

    Raises NotFound once it was erased or removed, StoreUnavailable only if the store was
    unavailable at the first look, and KeyDeleted at the first look after `allowed` became false.
    """
    deadline = monotonic() + seconds
    with wakeups.listen(execution_id) as listener:
        execution = executions.get(execution_id)
        while execution is not None and not execution.state.terminal and wanted():
            remaining = deadline - monotonic()
            if remaining <= 0:
                break
            listener.wait(min(remaining, LOOK_AGAIN))
            if not allowed():
                raise KeyDeleted
            try:
                execution = executions.get(execution_id)
            except StoreUnavailable as error:
                log.warning("still waiting for execution %s: %s", execution_id, error)
    if execution is None or execution.erased:
        raise NotFound(f"there is no execution {execution_id}")
    return execution
