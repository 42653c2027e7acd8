"""Group commit: writes that wait for each other share one transaction and one fsync.

Each write runs in its caller's thread when its turn comes, in a savepoint of the open transaction.
A write behind which none waits commits for all. A single write is therefore a plain transaction,
at no extra cost.

A caller returns only when its write is committed. If the commit fails, every write of the group is
rolled back and every caller gets the error. A write can be withdrawn while it waits for its turn.
Once it has begun, its caller waits for the commit, so that no stored write is reported as failed. A
queue that moves shows load and not a fault, so a write waits longer while others are committed
before it.

A COMMIT that reports an error has not happened: SQLite publishes a transaction in the WAL index
only after its last frame is written and synced (sqlite3WalFrames in
https://www.sqlite.org/src/file/src/wal.c), and the next write overwrites those frames. One case
remains: if the sync itself fails and every process ends before the next write, recovery finds
complete frames and keeps them.
"""

import sqlite3
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from math import inf
from threading import Lock
from time import monotonic, sleep
from typing import Final, TypeAlias

Transaction: TypeAlias = AbstractContextManager[sqlite3.Connection, bool | None]
"""Commits on exit, or rolls back with an error."""

MAX_WRITES: Final = 64
MAX_SECONDS: Final = 0.05
"""The size and age at which a group is committed even if others wait, because no other process can
write while it is open.
"""
GAP_SECONDS: Final = 0.002
"""The pause between two groups if others wait: enough for another process to begin a write."""
PATIENCE: Final = 4
"""The timeouts that a write waits for its turn in total, while other writes are committed."""


class NoTurn(Exception):
    """The write was withdrawn, because its turn did not come in time."""


class GroupFailed(Exception):
    """The write was rolled back, because its transaction failed."""


class Write:
    """A write that waits, first for its turn and then for the end of its group."""

    __slots__ = ("_woken", "came_at", "durable", "error", "has_turn")

    def __init__(self, *, durable: bool) -> None:
        self.came_at = monotonic()
        self.durable = durable
        self.has_turn = False
        """Set by the previous write; stays False if this one didn't have to wait."""
        self.error: Exception | None = None
        self._woken = Lock()
        self._woken.acquire()

    def wait(self, seconds: float = -1) -> bool:
        return self._woken.acquire(timeout=seconds)

    def wake(self) -> None:
        self._woken.release()


class Group:
    """An open transaction, and the writes that have succeeded in it."""

    def __init__(self, transaction: Transaction, *, durable: bool) -> None:
        self.connection = transaction.__enter__()
        self.durable = durable
        self.failure: BaseException | None = None
        """Why the transaction can't be committed."""
        self._transaction = transaction
        self._writes: list[Write] = []
        self._until = monotonic() + MAX_SECONDS

    def takes(self, write: Write) -> bool:
        return (
            self.durable >= write.durable
            and len(self._writes) < MAX_WRITES
            and monotonic() < self._until
        )

    def begin_part(self) -> None:
        """Start a part that can be undone alone. The first write needs none."""
        if self._writes:
            self.connection.execute("SAVEPOINT part")

    def end_part(self, write: Write) -> None:
        if self._writes:
            self.connection.execute("RELEASE part")
        self._writes.append(write)

    def undo_part(self, error: BaseException) -> None:
        """Undo the part, unless SQLite has undone the whole transaction, as for a full disk.

        https://www.sqlite.org/lang_transaction.html, section 3
        """
        try:
            self.connection.execute("ROLLBACK TO part")
            self.connection.execute("RELEASE part")
        except sqlite3.Error:
            self.failure = error

    def end(self) -> None:
        """Commit, or roll back after a failure. Raises the error of either."""
        failure = self.failure
        try:
            self._transaction.__exit__(type(failure) if failure else None, failure, None)
        except BaseException as error:  # raised again
            self.failure = error
            raise

    def wake_all(self) -> None:
        """Wake everyone who waits for the end."""
        for write in self._writes:
            if self.failure:
                write.error = GroupFailed(str(self.failure))
                write.error.__cause__ = self.failure
            write.wake()


class GroupCommit:
    """Gives threads of one process their turns to write."""

    def __init__(self, begin: Callable[[bool, float], Transaction]) -> None:
        """Use `begin` to make transactions.

        The arguments of `begin` are durability, and the deadline to enter it on `monotonic`'s
        clock.
        """
        self._begin = begin
        self._lock = Lock()
        self._waiting: deque[Write] = deque()
        self._taken = False
        self._group: Group | None = None
        self._committed_at = -inf
        """On `monotonic`'s clock."""

    @contextmanager
    def writing(self, *, durable: bool, timeout: float) -> Iterator[sqlite3.Connection]:
        """Yield a connection in a transaction, which is committed when the context ends.

        Raises NoTurn if no write was committed for `timeout` seconds, and GroupFailed if the
        transaction failed in another thread.
        """
        write = Write(durable=durable)
        self._await_turn(write, timeout)
        group = self._group = self._group or self._new_group(write, timeout)
        try:
            group.begin_part()
            yield group.connection
            group.end_part(write)
        except BaseException as error:  # raised again
            group.undo_part(error)
            self._leave(group)
            raise
        if not self._leave(group):
            write.wait()
        if write.error:
            raise write.error

    def _await_turn(self, write: Write, timeout: float) -> None:
        with self._lock:
            if not self._taken:
                self._taken = True
                return
            self._waiting.append(write)
        left = timeout
        while not write.wait(left):
            moved = max(self._committed_at, write.came_at)
            left = min(moved + timeout, write.came_at + PATIENCE * timeout) - monotonic()
            if left <= 0:
                self._withdraw(write)
                return

    def _withdraw(self, write: Write) -> None:
        """Withdraw the write and raise NoTurn, unless its turn has just come."""
        with self._lock:
            if not write.has_turn:
                self._waiting.remove(write)
                raise NoTurn
        write.wait()

    def _new_group(self, write: Write, timeout: float) -> Group:
        with self._lock:
            durable = write.durable or any(other.durable for other in self._waiting)
        if write.has_turn:
            sleep(GAP_SECONDS)
        deadline = max(self._committed_at, write.came_at) + timeout
        try:
            return Group(self._begin(durable, deadline), durable=durable)
        except BaseException:  # raised again
            self._give_turn()
            raise

    def _leave(self, group: Group) -> bool:
        """Pass the group to the next write, or end it. Returns whether it has ended."""
        if not group.failure and self._give_turn(group):
            return False
        try:
            group.end()
            self._committed_at = monotonic()
        finally:
            self._group = None
            self._give_turn()
            group.wake_all()
        return True

    def _give_turn(self, group: Group | None = None) -> bool:
        """Give the turn to the write that waits longest; a group must accept it."""
        with self._lock:
            if group and not (self._waiting and group.takes(self._waiting[0])):
                return False
            if not self._waiting:
                self._taken = False
                return False
            write = self._waiting.popleft()
            write.has_turn = True
            write.wake()
            return True
