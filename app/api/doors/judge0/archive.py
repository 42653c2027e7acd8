"""ZIP files: those that clients send, within our maxima for files, and those that they get."""

import io
import stat
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from app.domain.policy import InputMaxima
from app.domain.submission import File

_READABLE: Final = frozenset({ZIP_STORED, ZIP_DEFLATED})
_ENCRYPTED: Final = 0x1
_FILE_MODE: Final = 0o644 << 16
_END: Final = b"PK\5\6"
_END_SIZE: Final = 22
_SIZE: Final = struct.Struct("<I")
_LONGEST_COMMENT: Final = 65_535
_LOCATOR_64: Final = b"PK\6\7"
_LOCATOR_64_SIZE: Final = 20
_SMALLEST_ENTRY: Final = 46
_ENTRIES_PER_FILE: Final = 8
"""Folders are entries, and names take room: how much the directory may have for each file."""


class NotUsable(Exception):
    """The message says why."""


@dataclass(slots=True)
class Room:
    """For what all ZIP files of one request have, once extracted, however small they are."""

    left: int
    """In bytes."""


def files_in(archive: bytes, maxima: InputMaxima, room: Room) -> tuple[File, ...]:
    """The files of a ZIP file; of several with one name, the first. Raises NotUsable.

    As `unzip` does, it drops a leading slash. Names are checked further where all files are.
    """
    most = maxima.files * _ENTRIES_PER_FILE
    if _entries(archive) > most:
        raise NotUsable(f"has more than {most} entries")
    try:
        with ZipFile(io.BytesIO(archive)) as opened:
            return _read(opened, len(archive), maxima, room)
    except (BadZipFile, EOFError, NotImplementedError, OSError, RuntimeError, ValueError) as error:
        raise NotUsable(f"is not a valid ZIP file: {error}") from None
    except (struct.error, zlib.error, OverflowError):
        raise NotUsable("is not a valid ZIP file: it is damaged") from None


def _entries(archive: bytes) -> int:
    """The most entries that its directory can have, before anything is made of each.

    `ZipFile` finds the directory's end in the same way, and reads as much as that says.
    """
    end = len(archive) - _END_SIZE
    if not (archive[max(0, end) :].startswith(_END) and archive.endswith(b"\0\0")):
        end = archive.rfind(_END, max(0, end - _LONGEST_COMMENT))
    if end < 0 or len(archive) < end + _END_SIZE:
        raise NotUsable("is not a valid ZIP file: it has no directory")
    if archive[max(0, end - _LOCATOR_64_SIZE) : end].startswith(_LOCATOR_64):
        raise NotUsable("is a ZIP64 file: only ZIP files without that extension are supported")
    size: int = _SIZE.unpack_from(archive, end + 12)[0]
    return size // _SMALLEST_ENTRY


def _read(opened: ZipFile, size: int, maxima: InputMaxima, room: Room) -> tuple[File, ...]:
    entries = {_name(entry): entry for entry in reversed(opened.infolist()) if not entry.is_dir()}
    if len(entries) > maxima.files:
        raise NotUsable(f"has more than {maxima.files} files")
    if sum(entry.compress_size for entry in entries.values()) > size:
        raise NotUsable("has entries that overlap")
    most, files = min(maxima.files_bytes, room.left), []
    left = most
    for name, entry in reversed(entries.items()):
        _check(entry)
        with opened.open(entry) as content:
            files.append(File(name, content.read(left + 1)))
        taken = len(files[-1].content)
        left, room.left = left - taken, max(0, room.left - taken)
        if left < 0:
            raise NotUsable(_too_large(most, maxima))
    return tuple(files)


def _too_large(most: int, maxima: InputMaxima) -> str:
    if most == maxima.files_bytes:
        return f"has more than {most} bytes, once extracted"
    return "is too large, once extracted, together with those of other submissions"


def _name(entry: ZipInfo) -> str:
    return entry.filename.lstrip("/").removeprefix("./")


def _check(entry: ZipInfo) -> None:
    """Other methods need much memory, and a link could lead out of the working folder."""
    if entry.flag_bits & _ENCRYPTED:
        raise NotUsable("is encrypted")
    if entry.compress_type not in _READABLE:
        raise NotUsable("has a file whose compression is neither deflate nor none")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind and kind != stat.S_IFREG:
        raise NotUsable("has an entry that is neither a file nor a folder: links are not supported")


def archive_of(files: Iterable[File]) -> bytes:
    """A ZIP file with these files, always the same for the same files."""
    sink = io.BytesIO()
    with ZipFile(sink, "w", ZIP_DEFLATED) as archive:
        for file in files:
            entry = ZipInfo(file.name)
            entry.external_attr = _FILE_MODE
            entry.compress_type = ZIP_DEFLATED
            archive.writestr(entry, file.content)
    return sink.getvalue()
