"""Keeps the threads of a process from judging the same execution twice at once.

Comparing much output can take longer than a step may be silent. The sweep then starts its chain
again, and each thread that joined in would make the others slower, so that none came to an end.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_lock = Lock()
_judged: set[str] = set()


def is_judged(execution_id: str) -> bool:
    """Whether a thread of this process is judging the execution just now."""
    return execution_id in _judged


@contextmanager
def judging(execution_id: str) -> Iterator[bool]:
    """True if no other thread is judging the execution, which is then left to this one."""
    with _lock:
        is_first = execution_id not in _judged
        _judged.add(execution_id)
    try:
        yield is_first
    finally:
        if is_first:
            with _lock:
                _judged.discard(execution_id)
