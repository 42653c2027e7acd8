"""What the service keeps on disk, which its adapters must find private and whole."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

from app.domain.errors import Unavailable
from app.settings import Settings
from app.settings.folders import IN_DATA_FOLDER
from app.settings.urls import sqlite_path
from app.wiring.stores import STORE_SECONDS
from sandbox import private


def keep_private(settings: Settings) -> None:
    """Close what is kept on disk to others, before it is used. Raises NotPrivate and OSError."""
    if settings.data_dir.exists():
        private.make_data_folder(settings.data_dir, IN_DATA_FOLDER)
    for url in (settings.database_url, settings.event_log_url):
        if path := sqlite_path(url):
            private.close_database(path)


@contextmanager
def kept_open(settings: Settings) -> Iterator[None]:
    """Keep SQLite's files open, so that their shared memory keeps its space on the disk.

    The first process that opens a file truncates its shared memory, and needs space for it again.
    """
    from app.infrastructure.sqlite.event_log import SqliteEventLog
    from app.infrastructure.sqlite.store import SqliteStore

    with ExitStack() as opened:
        for make, url in (
            (SqliteStore, settings.database_url),
            (SqliteEventLog, settings.event_log_url),
        ):
            if path := sqlite_path(url):
                files = opened.enter_context(closing(make(path, timeout=STORE_SECONDS)))
                with suppress(Unavailable):
                    files.upgrade()
        yield


def fold_logs(settings: Settings) -> None:
    """Move the write-ahead logs of SQLite into their files, so that copies of these are whole."""
    from app.infrastructure.sqlite.database import fold_log

    for url in (settings.database_url, settings.event_log_url):
        if (path := sqlite_path(url)) and path.exists():
            fold_log(path)


def make_shrinkable(settings: Settings) -> list[Path]:
    """Rewrite SQLite's files of older releases, which can't shrink. Returns those rewritten."""
    from app.infrastructure.sqlite.space import make_shrinkable

    paths = [sqlite_path(url) for url in (settings.database_url, settings.event_log_url)]
    return [path for path in paths if path and path.exists() and make_shrinkable(path)]


def make_metrics_folder(folder: Path) -> None:
    """Create the empty folder in which processes on this host share their counters."""
    from app.infrastructure.prometheus.folder import make_empty

    make_empty(folder)


def count_restarts(folder: Path, restarts: Mapping[tuple[str, str], int]) -> None:
    """Show how often children were started again. Raises OSError."""
    from app.infrastructure.prometheus import restarts as shared

    shared.write(folder, restarts)


def with_metrics_folder(folder: Path) -> Mapping[str, str]:
    """The environment of a process that shares its counters there."""
    from app.infrastructure.prometheus.folder import VARIABLE

    return {VARIABLE: str(folder)}


def serve_metrics(folder: Path, host: str, port: int) -> None:
    """Serve, in a thread, what the processes count that share the folder.

    Raises OSError if the port is in use.
    """
    from app.infrastructure.prometheus.metrics import PrometheusMetrics

    os.environ.update(with_metrics_folder(folder))
    PrometheusMetrics().serve(host, port)
