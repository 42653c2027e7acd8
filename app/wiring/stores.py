"""The databases: the service's own, and those that replays write."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.domain.errors import InvalidTarget
from app.domain.masked import masked
from app.ports import Store
from app.settings import Settings
from app.settings.errors import SettingProblem, SettingsError
from app.settings.folders import BLOBS
from app.settings.sources import variable
from app.settings.urls import check_database, sqlite_path
from sandbox import private

if TYPE_CHECKING:
    from app.infrastructure.mongo.store import MongoStore
    from app.infrastructure.sqlite.store import SqliteStore


STORE_SECONDS: Final = 1.3
"""The longest wait for a database, so that a POST answers 503 within 2 s."""


def make_store(settings: Settings) -> "SqliteStore | MongoStore":
    """Connects to nothing yet. Raises SettingsError."""
    url = settings.database_url
    if not sqlite_path(url):
        from app.infrastructure.mongo import address

        try:
            address.check(url)
        except ValueError as error:
            problem = SettingProblem(variable("database_url"), f"{error}; it is {masked(url)!r}")
            raise SettingsError([problem]) from error
    return _store_at(url, settings.data_dir / BLOBS)


def _store_at(url: str, blobs: Path | None = None) -> "SqliteStore | MongoStore":
    """SQLite or MongoDB, by the scheme. SQLite's blobs are in a folder."""
    path = sqlite_path(url)
    if path is not None:
        from app.infrastructure.sqlite.store import SqliteStore

        return SqliteStore(path, timeout=STORE_SECONDS, blobs=blobs)
    from app.infrastructure.mongo.store import MongoStore

    return MongoStore(url, timeout=STORE_SECONDS)


class Databases:
    """The port: stores of the same two kinds, but not the service's own.

    SQLite files are in one folder, so that a replay creates no files elsewhere.
    """

    def __init__(self, settings: Settings) -> None:
        self._own = (settings.database_url, settings.event_log_url)
        self._folder = settings.replay_dir

    def check_target(self, url: str) -> str:
        """A SQLite path may be relative to the folder."""
        path = sqlite_path(url)
        try:
            url = check_database(f"sqlite:///{self._folder / path}" if path else url)
            named = _named(url)
        except ValueError as error:
            raise InvalidTarget(str(error)) from None
        if any(named == _named(own) for own in self._own):
            raise InvalidTarget("must not be a database of the service itself")
        if path and (self._folder / path).resolve().parent != self._folder.resolve():
            raise InvalidTarget(
                f"must be a file in {self._folder}, such as sqlite:///rebuilt.db, or a MongoDB"
            )
        return url

    @contextmanager
    def open(self, url: str) -> Iterator[Store]:
        """Creates the folder when it is first needed. Raises InvalidTarget if that fails."""
        if sqlite_path(url):
            self.check_target(url)
            try:
                private.make_folder(self._folder)
            except OSError as error:
                reason = error.strerror or error
                raise InvalidTarget(f"can't create {self._folder}: {reason}") from error
        with closing(_store_at(url)) as store:
            yield store


def _named(url: str) -> object:
    """What a URL names: the same for all URLs that name it. Raises ValueError."""
    path = sqlite_path(url)
    if path is not None:
        return path.resolve()
    if not url.startswith("mongodb://"):
        return url
    from app.infrastructure.mongo.address import address

    return address(url)
