"""Versions of stored data, and the migrations that upgrade older data.

Migration n upgrades data from version n - 1 to n. Data without a version number has version 0: it
is empty, or from a release that stored none.

A process can be killed between a migration and the new number, so a migration must be idempotent.
It must also leave data that the previous release can read and write, because both run during a
rolling upgrade.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, TypeAlias

from app.domain.errors import IsNewer

Migration: TypeAlias = Callable[[], None]


class VersionedData(Protocol):
    """Data that is stored with its version."""

    def version(self) -> int:
        """Return the stored version, or 0."""

    def advance(self, version: int) -> None:
        """Store the version, unless a higher one is stored."""

    def lease(self) -> AbstractContextManager[None]:
        """Keep other processes from upgrading. Raises Unavailable if another one is upgrading."""


def upgrade(data: VersionedData, migrations: Sequence[Migration]) -> None:
    """Run the migrations that the data lacks, one process at a time.

    Raises Unavailable while another process runs them.
    """
    if data.version() >= len(migrations):
        return
    with data.lease():
        for version in range(data.version(), len(migrations)):
            migrations[version]()
            data.advance(version + 1)


def refuse_newer(
    found: int, known: int, *, what: Callable[[], str], otherwise: str, error: type[IsNewer]
) -> None:
    """Raise `error` if `what` has a version that this release does not know.

    No release stores a negative one; a damaged file can have it.
    """
    if not 0 <= found <= known:
        raise error(
            f"{what()} has version {found}, and this release of Podline knows versions up to "
            f"{known}. Run the newer release, or {otherwise}."
        )
