"""Blobs, as files: a folder for each execution, and in it a file for each blob.

A file has no name until it is complete and on disk, so a process that is killed leaves nothing.
Some file systems, such as NFS, have no files without a name (O_TMPFILE in open(2)). There, what a
killed process left stays until its execution is removed or cleaned up after.
"""

import os
import shutil
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from errno import EDQUOT, EISDIR, ENOSPC, EOPNOTSUPP
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Final

from app.domain.blob import PIECE_BYTES, Blob
from app.domain.errors import StoreFull, StoreUnavailable
from app.infrastructure.hashing import write_hashed
from sandbox.private import make_folder

_INCOMPLETE: Final = "incomplete-"
_NO_FILES_WITHOUT_A_NAME: Final = frozenset({EOPNOTSUPP, EISDIR})


class FolderBlobs:
    """Creates the folder when something is first stored."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, execution_id: str, pieces: Iterable[bytes]) -> Blob:
        (blob,) = self.put_each(execution_id, [pieces])
        return blob

    def put_each(self, execution_id: str, contents: Iterable[Iterable[bytes]]) -> list[Blob]:
        with _at_the_edge():
            make_folder(self._folder)
            folder = self._folder / execution_id
            make_folder(folder)
            blobs = [_put_in(folder, pieces) for pieces in contents]
            _sync(folder)
            _sync(self._folder)
        return blobs

    def read(
        self, execution_id: str, blob: Blob, start: int = 0, size: int | None = None
    ) -> Iterator[bytes] | None:
        with _at_the_edge():
            try:
                file = self.path(execution_id, blob).open("rb", buffering=0)
            except FileNotFoundError:
                return None
        return _read(file, start, blob.size - start if size is None else size)

    def path(self, execution_id: str, blob: Blob) -> Path:
        """Where the contents are, if they are stored."""
        return self._folder / execution_id / blob.sha256

    def delete(self, execution_ids: Sequence[str]) -> None:
        with _at_the_edge():
            for execution_id in execution_ids:
                with suppress(FileNotFoundError):
                    shutil.rmtree(self._folder / execution_id)

    def keep(self, execution_id: str, blobs: Collection[Blob]) -> None:
        kept, folder = {blob.sha256 for blob in blobs}, self._folder / execution_id
        with _at_the_edge(), suppress(FileNotFoundError):
            for name in os.listdir(folder):
                if name not in kept:
                    (folder / name).unlink(missing_ok=True)
            if not kept:
                folder.rmdir()

    def stored_within(self, execution_id: str, seconds: float) -> bool:
        with _at_the_edge(), suppress(FileNotFoundError):
            # A new name changes the folder.
            return (self._folder / execution_id).stat().st_mtime > time.time() - seconds
        return False

    def owners(self, after: str, before: str, limit: int) -> list[str]:
        with _at_the_edge(), suppress(FileNotFoundError):
            return sorted(id for id in os.listdir(self._folder) if after < id < before)[:limit]
        return []


def _put_in(folder: Path, pieces: Iterable[bytes]) -> Blob:
    try:
        descriptor = os.open(folder, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno not in _NO_FILES_WITHOUT_A_NAME:
            raise
        return _put_by_name(folder, pieces)
    with open(descriptor, "wb") as file:
        blob = _write(file, pieces)
        _give_name(descriptor, folder, blob.sha256)
    return blob


def _give_name(descriptor: int, folder: Path, name: str) -> None:
    """As open(2) describes it. A name that exists stands for the same contents."""
    into = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # With a folder's descriptor, os.link follows the link in /proc, as it says it does.
        os.link(f"/proc/self/fd/{descriptor}", name, dst_dir_fd=into, follow_symlinks=True)
    except FileExistsError:
        os.utime(into)
    finally:
        os.close(into)


def _put_by_name(folder: Path, pieces: Iterable[bytes]) -> Blob:
    with NamedTemporaryFile(dir=folder, prefix=_INCOMPLETE, delete=False) as file:
        try:
            blob = _write(file, pieces)
            os.rename(file.name, folder / blob.sha256)
        except BaseException:  # raised again
            os.unlink(file.name)
            raise
    return blob


def _write(file: IO[bytes], pieces: Iterable[bytes]) -> Blob:
    blob = write_hashed(file, pieces)
    file.flush()
    os.fsync(file.fileno())
    return blob


def _read(file: IO[bytes], start: int, size: int) -> Iterator[bytes]:
    with file, _at_the_edge():
        file.seek(start)
        while size > 0 and (piece := file.read(min(size, PIECE_BYTES))):
            size -= len(piece)
            yield piece


def _sync(folder: Path) -> None:
    """A new name survives a power failure only once its folder is on disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _at_the_edge() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        kind = StoreFull if error.errno in (ENOSPC, EDQUOT) else StoreUnavailable
        raise kind(f"blobs: {error}") from error
