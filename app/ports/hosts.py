"""The port of sandbox hosts: each has a daemon, and a worker beside it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from app.domain.hosts import Group, HostReport, HostSize

HOST_SECONDS: Final = 6.0
"""A host that was silent for longer is lost, and so are its attempts."""


class Hosts(Protocol):
    """The heartbeats of hosts. Raises CoordinationUnavailable.

    Their age is measured by the clock that all hosts share, so that one whose own clock is wrong
    lives as long as any other. It stands still while that is unavailable, so that this makes no
    host seem lost.
    """

    def put(self, report: HostReport) -> None:
        """Record that the host is alive.

        Raises NameTaken if another owner's host of this name is.
        """

    def holds(self, name: str, owner: str) -> bool:
        """Whether that host, which is this process's, has sent a heartbeat and is not lost.

        It needs no connection. A process that was paused for too long learns from it that it must
        do nothing for attempts of a host that took its name meanwhile. One that has just started
        is believed for as long, so that what is waiting for it continues at once.
        """

    def remove(self, name: str, owner: str | None = None) -> None:
        """Forget a host that has ended, or whose attempts have: that of the owner, if given."""

    def leave(self, name: str, owner: str) -> None:
        """Let any owner continue the heartbeats, because this one sends none any more."""

    def owners(self) -> Mapping[str, str]:
        """Return who sends the heartbeats of each host that is not lost, unless it has left."""

    def alive(self) -> list[HostReport]:
        """Return the hosts that are not lost, by name."""

    def sizes(self) -> Mapping[str, HostSize]:
        """Return the sizes of the hosts that are not lost, by name. Cheap."""

    def groups(self) -> Sequence[Group]:
        """Return the groups of these hosts, first those with the fewest languages. Cheap."""

    def lost(self) -> Mapping[str, str | None]:
        """Return the hosts that are lost and not removed yet, by name, and the group of each.

        The group of one that was only expected is not known.
        """

    def put_database(self, identity: str) -> None:
        """Record which database the service has."""

    def database(self) -> str | None:
        """Return the identity of the service's database. None if nobody has recorded it."""

    def expect(self, names: Iterable[str]) -> None:
        """Expect heartbeats of these hosts from now on, after a loss of data for example."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """All hosts, as a process beside one of them sees them, or one beside none."""

    hosts: Hosts
    here: str | None = None
    """The name of the host whose daemon is this process's runtime."""
    owner: str = ""
    """Of that host."""

    def holds_here(self) -> bool:
        """Whether this process's host has its name at the moment."""
        return self.here is not None and self.hosts.holds(self.here, self.owner)
