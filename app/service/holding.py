"""Keeps others from judging an execution that is being judged.

Comparing much output can take longer than a step may be silent. The sweep then starts its chain
again, and each thread that joined in would make the others slower, so that none came to an end.

The threads of a process know each other's executions. Once judging takes long, a heartbeat also
holds the row, so that no other process begins a step of it. If this process dies, the row is free
and due after `HOLD_SECONDS`, and the sweep continues. If two processes judge all the same, because
one of them was paused for example, they come to the same judgements, and one stores them.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import Final

from app.domain.errors import Unavailable
from app.domain.execution import Execution
from app.ports import Clock, Executions
from app.service.transitions import in_seconds

log = logging.getLogger(__name__)

BEAT_SECONDS: Final = 2.0
"""Between two heartbeats, and from the beginning of a judgement until its first one."""
HOLD_SECONDS: Final = 10.0
"""From a heartbeat until others continue. Several can fail or be late."""


@dataclass(slots=True)
class _Judging:
    executions: Executions
    clock: Clock
    execution: Execution
    since: float = field(default_factory=monotonic)
    is_current: bool = True
    """Whether the row has made no transition since."""

    def hold(self) -> None:
        until = in_seconds(self.clock, HOLD_SECONDS)
        try:
            self.is_current = self.executions.hold(self.execution, until)
        except Unavailable as error:
            log.warning("execution %s is not held: %s", self.execution.id, error)


_lock = threading.Lock()
_judged: dict[tuple[str, str], _Judging] = {}
_heart: threading.Thread | None = None


def is_judged(execution_id: str, step: str) -> bool:
    """Whether a thread of this process is judging the execution in that step just now."""
    return (execution_id, step) in _judged


@contextmanager
def judging(
    executions: Executions, clock: Clock, execution: Execution, step: str
) -> Iterator[bool]:
    """True if no other thread is judging the execution in that step, which is left to this one.

    Steps are told apart, because a late duplicate of one must not stop the next.
    """
    judged = execution.id, step
    with _lock:
        is_first = judged not in _judged
        if is_first:
            _judged[judged] = _Judging(executions, clock, execution)
            _start_heart()
    try:
        yield is_first
    finally:
        if is_first:
            with _lock:
                del _judged[judged]


def _start_heart() -> None:
    global _heart
    if _heart is None:
        _heart = threading.Thread(target=_beat_while_judging, name="holding", daemon=True)
        _heart.start()


def _beat_while_judging() -> None:
    """End once nothing is judged, which is usually before the first heartbeat."""
    global _heart
    while True:
        sleep(BEAT_SECONDS)
        try:
            beat()
        except Exception:  # a thread's last resort: without it nothing is held
            log.exception("the heartbeat failed")
        with _lock:
            if not _judged:
                _heart = None
                return


def beat() -> None:
    """Hold the rows of all executions whose judging takes long."""
    long_ago = monotonic() - BEAT_SECONDS
    with _lock:
        slow = [each for each in _judged.values() if each.is_current and each.since <= long_ago]
    for each in slow:
        each.hold()
