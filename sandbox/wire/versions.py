"""Versions of the wire protocol: a daemon and the service beside it may differ by one release.

A client begins each connection with {"op": "hello", "version": …, "oldest": …}, and the daemon
answers with its own two numbers. Both sides then speak the lower `version`. A connection without a
hello speaks version 1, which had none.

Both sides ignore fields that they don't know, except limits: a daemon refuses a limit that it
can't enforce. So a field that the other side may ignore needs no new version. Any other change
needs one, and the release that makes it must still speak the version before: a module such as
`version_1` has the differences.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Versions:
    """What one side speaks: every version from `oldest` to `newest`."""

    newest: int
    oldest: int


class Incompatible(Exception):
    """The two sides have no version in common. The message says which one to upgrade."""


OURS: Final = Versions(newest=2, oldest=1)
WITHOUT_HELLO: Final = Versions(newest=1, oldest=1)


def agreed(*, daemon: Versions, service: Versions) -> int:
    """The newest version that both sides speak. Raises Incompatible."""
    version = min(daemon.newest, service.newest)
    if version < max(daemon.oldest, service.oldest):
        older = "sandbox daemon" if daemon.newest < service.newest else "service"
        raise Incompatible(
            f"the sandbox daemon speaks wire protocol {_range(daemon)} and the service speaks "
            f"{_range(service)}: upgrade the {older}"
        )
    return version


def _range(versions: Versions) -> str:
    return f"{versions.oldest} to {versions.newest}"
