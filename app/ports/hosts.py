"""The port of sandbox hosts: each has a daemon, and a worker beside it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from app.domain.hosts import HostReport, HostSize

HOST_SECONDS: Final = 6.0
"""A host that was silent for longer is lost, and so are its attempts."""


class Hosts(Protocol):
    """The heartbeats of hosts. Raises CoordinationUnavailable.

    Their age is measured by the clock that all hosts share, so that one whose own clock is wrong
    lives as long as any other.
    """

    def put(self, report: HostReport) -> None:
        """Record that the host is alive."""

    def remove(self, name: str) -> None:
        """Forget a host that has ended, or whose attempts have."""

    def alive(self) -> list[HostReport]:
        """Return the hosts that are not lost, by name."""

    def sizes(self) -> Mapping[str, HostSize]:
        """Return the sizes of the hosts that are not lost, by name. Cheap."""

    def lost(self) -> Mapping[str, str | None]:
        """Return the hosts that are lost and not removed yet, by name, and the group of each.

        The group of one that was only expected is not known.
        """

    def expect(self, names: Iterable[str]) -> None:
        """Expect heartbeats of these hosts from now on, after a loss of data for example."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """All hosts, as a process beside one of them sees them, or one beside none."""

    hosts: Hosts
    here: str | None = None
    """The name of the host whose daemon is this process's runtime."""
