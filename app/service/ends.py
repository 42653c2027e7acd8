"""Ends of pods that this process has just seen, for the step that stores the result.

A worker usually does both steps, and then needn't ask the runtime a second time. Only what is
complete is kept: an end that has all output, and no files.
"""

import threading
from collections import OrderedDict
from typing import Final

from app.domain.execution import Execution
from app.domain.report import Observation

MOST: Final = 256
"""In memory at once. Those that another process stores are never taken, and make room for later
ones."""

_lock = threading.Lock()
_seen: OrderedDict[str, Observation] = OrderedDict()


def remember(end: Observation) -> None:
    if end.output is None or end.collected is not None:
        return
    with _lock:
        _seen[end.name] = end
        if len(_seen) > MOST:
            _seen.popitem(last=False)


def take(execution: Execution) -> Observation | None:
    """Return the end that the execution's verdict is about, once, if it is known here."""
    with _lock:
        end = _seen.pop(execution.pod, None)
    return end if end and end.ended_at == execution.finished_at else None
