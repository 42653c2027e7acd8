"""Backups of a service whose database is SQLite."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from app.domain.errors import PodlineError
from app.settings import Settings
from app.settings.folders import (
    BLOBS,
    CALLBACK_PREVIOUS_SECRET,
    CALLBACK_SECRET,
    REPLACING,
    RESTORING,
    SANDBOX,
)
from app.settings.urls import sqlite_path
from sandbox.private import make_folder


class BackupError(PodlineError):
    """The backup can't be made or restored. The message says what to do."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What was saved or restored."""

    created_at: str
    blobs: int
    erased: int
    """Executions that were erased while the backup was made, and are erased in it."""
    has_log: bool


def back_up(settings: Settings, file: Path) -> Backup:
    """Save databases, blobs and secrets, while the service runs or not.

    Raises BackupError, StoreUnavailable and OSError.
    """
    from app.infrastructure.folder.archive import FORMAT, LOG, SECRETS, STORE, Manifest, written
    from app.infrastructure.folder.blobs import FolderBlobs
    from app.infrastructure.folder.work import work_folder
    from app.infrastructure.sqlite import snapshot

    store, log = _databases(settings)
    if file.resolve().is_relative_to(settings.data_dir):
        raise BackupError(f"{file} is in the data folder: choose another place")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    blobs = FolderBlobs(settings.data_dir / BLOBS)
    with work_folder(file.absolute().parent) as work, written(file, work) as archive:
        copied, copied_log = snapshot.copy_both(store, log, work)
        named = dict.fromkeys(snapshot.named_blobs(copied))
        missing = [each for each in named if not archive.add_blob(blobs, *each)]
        erased = snapshot.drop(copied, store, missing) if missing else 0
        archive.add_file(STORE, copied)
        if copied_log:
            archive.add_file(LOG, copied_log)
        for name in SECRETS:
            with suppress(FileNotFoundError):  # those of a service in parts are in its settings
                archive.add_file(name, settings.data_dir / name)
        archive.close(Manifest(FORMAT, version("podline"), now, archive.blobs))
        return Backup(now, archive.blobs, erased, copied_log is not None)


def holds_service(settings: Settings) -> bool:
    """Whether a restore would replace something."""
    return any(path.exists() for path in _replaced(settings))


def restore(settings: Settings, file: Path) -> Backup:
    """Replace databases, blobs and secrets by those of the backup, once all of it is unpacked.

    No process of the service may run. Raises BackupError, StoreIsNewer, StoreUnavailable and
    OSError.
    """
    from app.infrastructure.folder.archive import (
        LOG,
        SECRETS,
        STORE,
        check_names,
        make_room,
        unpack,
    )
    from app.infrastructure.sqlite import snapshot
    from app.infrastructure.sqlite.database import fold_log

    store, log = _databases(settings)
    for path in (store, log) if log else (store,):
        _refuse_in_use(path)
    work = settings.data_dir / RESTORING
    make_room(work)
    make_folder(work)
    try:
        with _explained(file):
            manifest = unpack(file, work)
        has_log = (work / LOG).exists()
        for name in (STORE, LOG) if has_log else (STORE,):
            snapshot.check(work / name)
        snapshot.upgrade(work / STORE)
        fold_log(work / STORE)
        snapshot.check_ids(work / STORE)
        with _explained(file):
            check_names(snapshot.named_blobs(work / STORE))
        with _replacing(settings.data_dir / REPLACING):
            make_room(*_replaced(settings))
            moves = [(work / name, settings.data_dir / name) for name in (BLOBS, *SECRETS)]
            moves += [(work / LOG, log)] if log else []
            for source, target in (*moves, (work / STORE, store)):
                if source.exists():
                    shutil.move(source, target)
    finally:
        make_room(work)
    return Backup(manifest.created_at, manifest.blobs, 0, has_log)


def _refuse_in_use(database: Path) -> None:
    """Raises BackupError if a role that was started by hand, say, has the file open."""
    from app.infrastructure.sqlite.database import user_of

    pid = user_of(database)
    if pid is not None:
        user = f"process {pid}" if pid > 0 else "a process in another container"
        raise BackupError(f"{database} is in use by {user}: stop all parts of the service first")


@contextmanager
def _explained(file: Path) -> Iterator[None]:
    from app.infrastructure.folder.archive import BadBackup

    try:
        yield
    except BadBackup as error:
        raise BackupError(f"{file} can't be restored: {error}") from error


@contextmanager
def _replacing(mark: Path) -> Iterator[None]:
    """Leave the mark if anything fails, or this process is killed: some of the data is missing."""
    mark.touch()
    os.sync()
    yield
    os.sync()
    mark.unlink()


def refuse_half_restored(settings: Settings) -> None:
    """Raises BackupError if a restore into the data folder was interrupted."""
    if (settings.data_dir / REPLACING).exists():
        raise BackupError(
            f"a restore into {settings.data_dir} was interrupted, and some of the data is missing: "
            "repeat `podline restore` with --force"
        )


def _databases(settings: Settings) -> tuple[Path, Path | None]:
    """Raises BackupError without SQLite."""
    store = sqlite_path(settings.database_url)
    if store is None:
        raise BackupError(
            "the database is MongoDB: use its own tools, as docs/operations.md describes"
        )
    return store, sqlite_path(settings.event_log_url)


def _replaced(settings: Settings) -> list[Path]:
    """Pods of the sandbox are attempts of what ran before the restore."""
    store, log = _databases(settings)
    data = settings.data_dir
    files = [Path(f"{path}{suffix}") for path in (store, log) if path for suffix in _OF_SQLITE]
    names = (BLOBS, "key", CALLBACK_SECRET, CALLBACK_PREVIOUS_SECRET)
    return [*files, *(data / name for name in names), data / SANDBOX / "pods"]


_OF_SQLITE = ("", "-wal", "-shm")
