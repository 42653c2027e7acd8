"""Delivers callbacks: sends each terminal execution to its receiver.

Whoever delivers a callback claims it first, which postpones it, and records the end of the try
afterwards. If a worker dies in between, the callback is due again and is sent again: at least once.
"""

import logging
from collections import Counter, deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from app.domain.callback import Callback
from app.domain.callback_url import receiver
from app.domain.errors import CallbackFailed, Unavailable
from app.domain.execution import SECOND, Execution
from app.ports import Clock, Deliveries, Delivery, Ports
from app.service.dead_letters import record_abandoned, resolve_abandoned
from app.service.printed import completed
from app.service.transitions import in_seconds

log = logging.getLogger(__name__)

SLICE: Final = 100
"""Callbacks that are claimed at once."""
PER_HOST: Final = 200
"""Callbacks of one owner to one host that a tick keeps. Others stay postponed, so that a host with
very many delays nobody else.
"""
PER_OWNER: Final = 600
"""The same for all hosts of one owner."""
TICK_SECONDS: Final = 10.0


class _Waiting:
    """Claimed callbacks. Owner and host take turns, so that none waits for all of another's."""

    def __init__(self) -> None:
        self._queues: dict[tuple[str, str], deque[Execution]] = {}
        self._of_owner: Counter[str] = Counter()

    def __bool__(self) -> bool:
        return bool(self._queues)

    def add(self, execution: Execution, callback: Callback) -> None:
        """Leave it postponed if its owner or its host has too many."""
        owner = execution.owner
        queue = self._queues.setdefault((owner, _host(callback)), deque())
        if len(queue) < PER_HOST and self._of_owner[owner] < PER_OWNER:
            queue.append(execution)
            self._of_owner[owner] += 1

    def start_round(self, start: Callable[[Execution], bool]) -> int:
        """Start one delivery of each queue, if a thread is left. Returns how many were started."""
        total = 0
        for name, queue in list(self._queues.items()):
            if queue and start(queue[0]):
                queue.popleft()
                self._of_owner[name[0]] -= 1
                total += 1
                self._queues[name] = self._queues.pop(name)  # It is now behind the others.
            if not queue:
                del self._queues[name]
        return total


def deliver_first(ports: Ports, execution: Execution) -> None:
    """Try at once after the end of an execution. If all threads are taken, the tick tries.

    The callback need not be claimed: it is due some seconds after the end.
    """
    _start(ports, execution)


def deliver_due(ports: Ports) -> int:
    """One tick. Returns how many deliveries were started."""
    until = in_seconds(ports.clock, TICK_SECONDS)
    waiting = _Waiting()
    total, started, more = 0, 0, True
    while ports.clock() < until:
        if not started:
            claimed = _claim(ports.store.deliveries, ports.clock)
            for execution in claimed:
                if execution.callback is not None:
                    waiting.add(execution, execution.callback)
            more = len(claimed) == SLICE
        started = waiting.start_round(partial(_start, ports))
        total += started
        if started or more:
            continue
        if not waiting or not ports.couriers.wait((until - ports.clock()) / SECOND):
            break
    return total


def _claim(deliveries: Deliveries, clock: Clock) -> Sequence[Execution]:
    now = clock()
    return deliveries.claim_due(now, SLICE, lambda callback: callback.claimed(now))


def _start(ports: Ports, execution: Execution) -> bool:
    """Whether a thread was left. Nothing is sent of an execution that was erased."""
    callback = execution.callback
    if callback is None:
        return True
    if execution.erased:
        ports.store.deliveries.update(execution.id, callback, callback.abandoned(tried=False))
        return True
    work = partial(_deliver, ports, execution, callback)
    return ports.couriers.start(execution.owner, _host(callback), work)


def _host(callback: Callback) -> str:
    """Empty for a URL that a newer release refuses; it fails when it is sent."""
    try:
        return receiver(callback.url).host
    except ValueError:
        return ""


def _deliver(ports: Ports, execution: Execution, callback: Callback) -> None:
    is_last = callback.is_last(ports.clock())
    try:
        try:
            with ports.tracing.callback(execution) as traceparent:
                ports.callbacks.send(_delivery(ports, execution, callback, traceparent))
        except CallbackFailed as error:
            _record_failure(ports, execution, callback, str(error), is_last=is_last)
        else:
            _record_success(ports, execution, callback)
    except Unavailable as error:
        log.warning("the callback of execution %s is sent again: %s", execution.id, error)


def _delivery(
    ports: Ports, execution: Execution, callback: Callback, traceparent: str | None
) -> Delivery:
    """Raises CallbackFailed and StoreUnavailable."""
    id = execution.result_id
    result = ports.store.results.get(id) if id else None
    return Delivery(
        execution=execution,
        result=result and completed(ports.blobs, result),
        callback=callback,
        secrets=_secrets(ports, callback),
        traceparent=traceparent,
    )


def _secrets(ports: Ports, callback: Callback) -> tuple[str, ...]:
    if not ports.callback_secrets:
        raise CallbackFailed("the service has no secret to sign with: set PODLINE_CALLBACK_SECRET")
    key = ports.store.keys.get(callback.key_id)
    if key is None:
        return (ports.callback_secrets.of(callback.key_id, callback.generation),)
    return ports.callback_secrets.signing(key, ports.clock())


def _record_success(ports: Ports, execution: Execution, callback: Callback) -> None:
    ports.store.deliveries.update(execution.id, callback, callback.delivered())
    ports.metrics.callback_tried("delivered")
    if callback.attempts:
        resolve_abandoned(ports.store.dead_letters, execution.id)


def _record_failure(
    ports: Ports, execution: Execution, callback: Callback, reason: str, *, is_last: bool
) -> None:
    attempts = callback.attempts + 1
    log.warning("try %d of the callback of execution %s: %s", attempts, execution.id, reason)
    if is_last:
        # First, so that a worker that dies in between leaves the callback pending.
        record_abandoned(ports.store.dead_letters, ports.clock, execution.id, reason)
    after = callback.abandoned() if is_last else callback.failed()
    ports.store.deliveries.update(execution.id, callback, after)
    ports.metrics.callback_tried("abandoned" if is_last else "failed")
