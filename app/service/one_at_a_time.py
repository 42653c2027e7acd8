"""Keeps the threads of a process from judging the same execution twice at once.

Comparing much output can take longer than a step may be silent. The sweep then starts its chain
again, and each thread that joined in would make the others slower, so that none came to an end.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_lock = Lock()
_judged: set[tuple[str, str]] = set()


def is_judged(execution_id: str, step: str) -> bool:
    """Whether a thread of this process is judging the execution in that step just now."""
    return (execution_id, step) in _judged


@contextmanager
def judging(execution_id: str, step: str) -> Iterator[bool]:
    """True if no other thread is judging the execution in that step, which is left to this one.

    Steps are told apart, because a late duplicate of one must not stop the next.
    """
    judged = execution_id, step
    with _lock:
        is_first = judged not in _judged
        _judged.add(judged)
    try:
        yield is_first
    finally:
        if is_first:
            with _lock:
                _judged.discard(judged)
