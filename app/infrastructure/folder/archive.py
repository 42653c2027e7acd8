"""A backup: one tar(5) file, which only its owner can read.

It has the copied databases, the blobs that these name, secrets, and last `manifest.json`. So a file
that was cut off has no manifest.
"""

import io
import json
import os
import re
import shutil
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Annotated, Final

from pydantic import StringConstraints, TypeAdapter, ValidationError

from app.domain.blob import PIECE_BYTES, Blob
from app.infrastructure.folder.blobs import FolderBlobs
from app.infrastructure.hashing import write_hashed

FORMAT: Final = 1
STORE: Final = "podline.db"
LOG: Final = "events.db"
SECRETS: Final = ("key", "callback-secret", "callback-previous-secret")
_BLOBS: Final = "blobs"
_MANIFEST: Final = "manifest.json"
_MANIFEST_BYTES: Final = 64 * 1024
_BLOB_NAME: Final = re.compile(rf"{_BLOBS}/[0-9A-Z]+/[0-9a-f]{{64}}")
_FILES: Final = frozenset({STORE, LOG, *SECRETS})


class BadBackup(Exception):
    """The file is not a complete backup that this release can read. The message has the reason."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says about itself."""

    format: int
    release: str
    created_at: Annotated[str, StringConstraints(pattern=r"^[0-9T:+-]{1,40}$")]
    """ISO 8601, in UTC."""
    blobs: int
    """How many there are."""


@dataclass(frozen=True, slots=True)
class _AnyManifest:
    """What the manifests of all formats have."""

    format: int


_ANY_FORMAT: Final = TypeAdapter(_AnyManifest)
_OUR_FORMAT: Final = TypeAdapter(Manifest)


class Writer:
    """Adds files to a backup."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.blobs = 0

    def add_file(self, name: str, path: Path) -> None:
        with path.open("rb") as file:
            self._add(name, file, os.fstat(file.fileno()).st_size)

    def add_blob(self, blobs: FolderBlobs, execution_id: str, blob: Blob) -> bool:
        """Returns False if it does not exist any more."""
        try:
            file = blobs.path(execution_id, blob).open("rb")
        except FileNotFoundError:
            return False
        with file:
            self._add(f"{_BLOBS}/{execution_id}/{blob.sha256}", file, blob.size)
        self.blobs += 1
        return True

    def close(self, manifest: Manifest) -> None:
        content = json.dumps(asdict(manifest), indent=2).encode()
        self._add(_MANIFEST, io.BytesIO(content), len(content))

    def _add(self, name: str, file: IO[bytes], size: int) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mode = size, 0o600
        self._tar.addfile(info, file)


@contextmanager
def written(path: Path, work: Path) -> Iterator[Writer]:
    """Create the file, which moves out of the folder `work` once it is complete and on disk.

    Raises FileExistsError if there is such a file already.
    """
    if path.exists():
        raise FileExistsError(f"{path} exists already")
    new = work / f"{path.name}.incomplete"
    with os.fdopen(os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        with tarfile.open(fileobj=file, mode="w") as tar:
            yield Writer(tar)
        file.flush()
        os.fsync(file.fileno())
    new.rename(path)


def unpack(path: Path, folder: Path) -> Manifest:
    """Extract a backup into an empty folder. Each blob is compared with its hash.

    Raises BadBackup and OSError.
    """
    manifest, count = None, 0
    try:
        with tarfile.open(path, mode="r:") as tar:
            for member in tar:
                # A sparse file takes much more space here than in the backup.
                plain = member.isreg() and not member.issparse()
                content = tar.extractfile(member) if plain else None
                if content is None:
                    raise BadBackup(f"{member.name!r} is not a file")
                if member.name == _MANIFEST:
                    manifest = _manifest(content.read(_MANIFEST_BYTES))
                elif member.name in _FILES:
                    _extract(content, folder / member.name)
                else:
                    _extract_blob(content, member, folder)
                    count += 1
    except (tarfile.TarError, ValueError) as error:  # tarfile leaves some errors of int()
        raise BadBackup(str(error)) from error
    if manifest is None:
        raise BadBackup("the manifest is missing: the file is incomplete")
    if count != manifest.blobs or not (folder / STORE).exists():
        raise BadBackup(f"it has {count} of {manifest.blobs} blobs, or no database")
    os.sync()
    return manifest


def _manifest(content: bytes) -> Manifest:
    """A newer format may have other fields, so that is checked first."""
    try:
        given = _ANY_FORMAT.validate_json(content, strict=True).format
        manifest = _OUR_FORMAT.validate_json(content, strict=True) if given == FORMAT else None
    except ValidationError as error:
        raise BadBackup(f"its manifest is damaged: {error.errors()[0]['msg']}") from error
    if manifest is None:
        raise BadBackup(f"it has the format {given}, and this release knows {FORMAT}")
    return manifest


def _extract(content: IO[bytes], path: Path) -> Blob:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise BadBackup(f"{path.name} is in it twice") from None
    with os.fdopen(descriptor, "wb") as file:
        return write_hashed(file, iter(lambda: content.read(PIECE_BYTES), b""))


def _extract_blob(content: IO[bytes], member: tarfile.TarInfo, folder: Path) -> None:
    """The name comes from the file, so nothing is written that has another form."""
    if not _BLOB_NAME.fullmatch(member.name):
        raise BadBackup(f"{member.name!r} is not part of a backup")
    path = folder / member.name
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if _extract(content, path) != Blob(path.name, member.size):
        raise BadBackup(f"the blob {member.name} is damaged")


def check_names(named: Iterable[tuple[str, Blob]]) -> None:
    """Raises BadBackup if what the database names as a blob could be another file."""
    for execution_id, blob in named:
        name = f"{_BLOBS}/{execution_id}/{blob.sha256}"
        if not _BLOB_NAME.fullmatch(name):
            raise BadBackup(f"its database names {name!r} as a blob")


def make_room(*paths: Path) -> None:
    """Remove files and folders that are to be replaced."""
    for path in paths:
        with suppress(FileNotFoundError, NotADirectoryError):
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
