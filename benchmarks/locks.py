"""How long a process holds SQLite's write lock, and what it does meanwhile."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter, thread_time
from types import TracebackType
from typing import Any, Final, NamedTuple
from unittest.mock import patch

from benchmarks.measure import MILLISECONDS

_BEGIN: Final = "BEGIN IMMEDIATE"
_LOCKS: Final = "PRAGMA wal_checkpoint(TRUNCATE)"
"""The one statement of ours that keeps others from writing without a transaction."""


class Hold(NamedTuple):
    """A lock that was held, from its grant to the end of the commit. All times in milliseconds."""

    waited: float
    """Until it was granted."""
    held: float
    cpu: float
    """CPU time of the thread meanwhile."""
    core: float
    """How long it could have run, but had no core."""

    @property
    def active(self) -> float:
        """The rest, in which it used a core or waited for the disk."""
        return max(0.0, self.held - self.core)


@dataclass(slots=True)
class _Thread:
    """The times of the calling thread, in seconds."""

    at: float
    cpu: float
    core: float
    """Time spent on a run queue: https://docs.kernel.org/scheduler/sched-stats.html"""

    @classmethod
    def now(cls) -> "_Thread":
        _, core, _ = Path("/proc/thread-self/schedstat").read_text(encoding="ascii").split()
        return cls(perf_counter(), thread_time(), int(core) / 1e9)


_holds: list[Hold] = []


class _Timed(sqlite3.Connection):
    """Notes in `_holds` what each write transaction takes."""

    _asked: float | None = None
    _granted: _Thread | None = None

    def execute(self, sql: str, *arguments: Any) -> sqlite3.Cursor:
        if sql == _LOCKS:
            began = _Thread.now()
            cursor = super().execute(sql, *arguments)
            self._note(began.at, began)
            return cursor
        if sql != _BEGIN:
            return super().execute(sql, *arguments)
        self._asked = self._asked or perf_counter()
        cursor = super().execute(sql, *arguments)
        self._granted = _Thread.now()
        return cursor

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> Any:
        result = super().__exit__(kind, error, trace)
        if self._asked and self._granted:
            self._note(self._asked, self._granted)
        self._asked = self._granted = None
        return result

    @staticmethod
    def _note(asked: float, granted: _Thread) -> None:
        ended = _Thread.now()
        times = (
            granted.at - asked,
            ended.at - granted.at,
            ended.cpu - granted.cpu,
            ended.core - granted.core,
        )
        _holds.append(Hold(*(seconds * MILLISECONDS for seconds in times)))


@contextmanager
def timed_locks() -> Iterator[list[Hold]]:
    """Time every transaction on databases that this process opens while the context lasts."""
    _holds.clear()
    with patch.object(sqlite3, "connect", partial(sqlite3.connect, factory=_Timed)):
        yield _holds
