"""What every use case needs to make a transition and to continue from it."""

import logging
import random
from typing import Final

from app.domain.errors import BrokerUnavailable
from app.domain.execution import SECOND, Change, State, Time
from app.domain.minutes import counters_of, minute_of
from app.ports import Clock, Pipeline, Ports

log = logging.getLogger(__name__)

STEP_SECONDS: Final = 10.0
"""The sweep looks at a row whose step has been silent for this long."""


def apply(ports: Ports, change: Change) -> bool:
    """Make the transition and wake waiting requests. False if the row has changed meanwhile."""
    if not ports.store.executions.apply(change):
        return False
    ports.tracing.changed(change)
    if change.after.state.terminal:
        ports.metrics.execution_ended(change.after)
        ports.minutes.add(minute_of(ports.clock()), counters_of(change.after))
        if change.after.batch_id is not None:
            ports.wakeups.notify(change.after.batch_id)
    ports.wakeups.notify(change.after.id, progress=not change.after.state.terminal)
    return True


def start_chain(
    pipeline: Pipeline,
    execution_id: str,
    state: State,
    host: str | None = None,
    group: str | None = None,
    *,
    next_here: bool = False,
) -> None:
    """Start the chain that `state` calls for, or leave it to the sweep if the broker is down.

    `host` is where the attempt is, and `group` that of the hosts which can have it.
    """
    try:
        pipeline.start(execution_id, state, host, group, next_here=next_here)
    except BrokerUnavailable as error:
        log.warning("execution %s waits for the sweep: %s", execution_id, error)


def in_seconds(clock: Clock, seconds: float) -> Time:
    """The time that is this many seconds ahead."""
    return clock() + int(seconds * SECOND)


def soon(clock: Clock) -> Time:
    """When a row is due whose step does not report."""
    return in_seconds(clock, STEP_SECONDS)


def back_off(base: float, times: int, maximum: float) -> float:
    """Seconds to wait after `times` (1, 2, …) failures: doubled each time, ± 20 % jitter."""
    return float(min(base * 2.0 ** min(times - 1, 30), maximum)) * random.uniform(0.8, 1.2)
