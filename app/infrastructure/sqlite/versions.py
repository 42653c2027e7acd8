"""The version of a SQLite file, in its header (`user_version`).

All migrations that a file lacks run in one transaction, which also locks the file and undoes a
migration if its process is killed. Each write transaction checks the version again, so that a
running process doesn't write to a file that a newer release has upgraded in the meantime.
"""

import sqlite3
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Final, TypeAlias

from app.domain.errors import StoreIsNewer, StoreUnavailable
from app.infrastructure.versions import refuse_newer

Statements: TypeAlias = Sequence[str]


class Versions:
    """Migration n upgrades a file from version n - 1 to n. A new file has version 0."""

    def __init__(self, migrations: Sequence[Statements]) -> None:
        self._migrations = migrations
        self.newest: Final = len(migrations)

    def upgrade(self, connection: sqlite3.Connection) -> None:
        """Run the migrations that the file lacks. Raises StoreIsNewer and StoreUnavailable."""
        if _version(connection) == self.newest:
            return
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            self.check(connection)
            for statement in chain(*self._migrations[_version(connection) :]):
                _migrate(connection, statement)
            self.write(connection)

    def check(self, connection: sqlite3.Connection) -> None:
        """Check that the file isn't newer than this release. Raises StoreIsNewer."""
        refuse_newer(
            _version(connection),
            self.newest,
            what=lambda: _name(connection),
            otherwise="restore a backup from before the upgrade",
            error=StoreIsNewer,
        )

    def write(self, connection: sqlite3.Connection) -> None:
        """Store the newest version: the smallest possible write, of the header page."""
        connection.execute(f"PRAGMA user_version = {self.newest}")


def _migrate(connection: sqlite3.Connection, statement: str) -> None:
    """Raises StoreUnavailable if the file's tables are not those of its version.

    `sqlite3 .dump` loses the version, for example.
    """
    try:
        connection.execute(statement)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_ERROR:
            raise
        raise StoreUnavailable(
            f"{_name(connection)} has version {_version(connection)}, but other tables ({error}): "
            "restore a backup"
        ) from error


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def _name(connection: sqlite3.Connection) -> str:
    """Return the file's name, without the folder, which is of no use to clients."""
    _, _, path = connection.execute("PRAGMA database_list").fetchone()
    return Path(path).name
