"""Shares connections among the processes of one server.

Whoever accepts a connection gives it to the process with the fewest. Otherwise, a few clients that
keep their connections would often be served by one process alone, beside an idle one.
"""

import logging
import mmap
import socket
from collections.abc import Iterator
from typing import Final

AT_ONCE: Final = 64
_NUMBER_BYTES: Final = 8
_NAME_BYTES: Final = 64

log = logging.getLogger(__name__)


class Shares:
    """What the processes share. Made before they are forked.

    What was given to a process that is killed reaches the one that replaces it.
    """

    def __init__(self, processes: int) -> None:
        self.counts = memoryview(mmap.mmap(-1, _NUMBER_BYTES * processes)).cast("q")
        """The connections of each. Nothing locks them, so they may be a little wrong."""
        self.rounds = memoryview(mmap.mmap(-1, _NUMBER_BYTES * processes)).cast("q")
        """How often the loop of each has gone round: about once a second, or more often."""
        self.pairs = [
            socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(processes)
        ]
        """To send connections to each, and for each to receive them."""
        for pair in self.pairs:
            for end in pair:
                end.setblocking(False)


class Share:
    """The part of one process."""

    def __init__(self, shares: Shares, number: int) -> None:
        self._shares = shares
        self._number = number
        self.receiver = shares.pairs[number][1]
        """Becomes readable when there are connections to take."""
        self.holds(0)

    def holds(self, count: int) -> None:
        """Say how many connections this process has."""
        self._shares.counts[self._number] = count

    def beat(self) -> None:
        """Say that this process's loop has gone round."""
        self._shares.rounds[self._number] += 1

    def closed_one(self) -> None:
        self.holds(max(self._shares.counts[self._number] - 1, 0))

    def give(self, connection: socket.socket, name: str) -> bool:
        """Give a connection away unless this process has the fewest, and return whether it did.

        `name` is for the process that receives it.
        """
        counts = self._shares.counts
        fewest = min(range(len(counts)), key=lambda number: (counts[number], self._is_not(number)))
        counts[fewest] += 1
        if fewest == self._number:
            return False
        sender = self._shares.pairs[fewest][0]
        try:
            socket.send_fds(sender, [name.encode()], [connection.fileno()])
        except OSError:  # it has not taken the last few hundred, or too many are under way
            return False
        connection.close()
        return True

    def taken(self) -> Iterator[tuple[socket.socket, str]]:
        """Take what others gave, up to 64 connections at a time, each with its name.

        A connection for which this process has no descriptor left is lost, as the system closes it
        (unix(7), SCM_RIGHTS).
        """
        for _ in range(AT_ONCE):
            try:
                name, descriptors, _, _ = socket.recv_fds(self.receiver, _NAME_BYTES, 1)
            except BlockingIOError:
                return
            if descriptors:
                yield socket.socket(fileno=descriptors[0]), name.decode()
            else:
                log.warning("a connection was closed: this process has too many open files")

    def _is_not(self, number: int) -> bool:
        return number != self._number
