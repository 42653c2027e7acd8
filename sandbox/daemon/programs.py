"""What compile stages made: received from the jail, and shown to others, which can only read it.

Nothing on the host opens a path in a jail. Init sends names and contents (protocol.h), and they are
written into folders that only the daemon can change. A jail sees one folder of its bay, in which
the program of its pod has a second name.
"""

import os
import shutil
import threading
from collections import OrderedDict
from collections.abc import Container
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

from sandbox.daemon.compiling import Compiling
from sandbox.daemon.entries import Entries, Kind, NotReceived
from sandbox.daemon.recorder import Recorder
from sandbox.jail.kit import SHOWN
from sandbox.private import PUBLIC, make_folder

PROGRAM_IN_JAIL: Final = f"{SHOWN}/program"

_BYTES_MAX: Final = 256 << 20
_ENTRIES_MAX: Final = 10_000
_BYTES_PER_ENTRY: Final = 4096
"""What a file costs in addition to its content, or a folder."""
BYTES_KEPT: Final = 512 << 20
_PROGRAMS_KEPT: Final = 2048
_SAID_MAX: Final = 16 << 10
"""Programs with more warnings of their compiler are not kept: the warnings are in memory."""
_EXECUTABLE: Final = 0o555
_PLAIN: Final = 0o444


class TooLarge(NotReceived):
    """It has more bytes or files than a program can have."""


@dataclass(frozen=True, slots=True)
class Made:
    """A program in a folder of its own."""

    folder: Path
    size: int
    """In bytes, with what its folders cost."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A program that was compiled before, and what its compiler printed."""

    made: Made
    said: Recorder


class Programs:
    """The programs of one daemon: those of running pods, and those kept for later ones.

    Safe for many threads.
    """

    def __init__(self, folder: Path, bays: int, bytes_kept: int = BYTES_KEPT) -> None:
        """Empty the folder: nobody knows whether what was left in it is complete.

        Its own folders stay, because a full disk has no space for new ones.
        """
        self.compiling = Compiling()
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        """The one that was used last comes last."""
        self._bytes_kept = bytes_kept
        self._bytes = 0
        self._numbers = count(1)
        self._received = folder / "received"
        self.shown = folder / "shown"
        """Holds a folder for each bay; jails must be able to reach it."""
        of_bays = {str(bay) for bay in range(bays)}
        _make_empty(folder, except_for={self._received.name, self.shown.name})
        _make_empty(self._received)
        _make_empty(self.shown, PUBLIC, except_for=of_bays)
        for bay in of_bays:
            _make_empty(self.shown / bay, PUBLIC)
        if os.statvfs(folder).f_flag & os.ST_NOEXEC:
            raise OSError(f"{folder} is mounted noexec: choose a data folder that is not")

    def receive(self, source: int) -> Made | None:
        """Read a program from that pipe. None if the compiler made none.

        Raises NotReceived and OSError; then, nothing of it is left.
        """
        folder = self._received / str(next(self._numbers))
        folder.mkdir()
        try:
            size = _Receiver(source, os.fsencode(folder)).receive()
        except BaseException:  # whatever it was, nothing of the program stays
            shutil.rmtree(folder)
            raise
        if not size:
            folder.rmdir()
            return None
        return Made(folder, size)

    def show_kept(self, key: str, bay: int) -> Recorder | None:
        """Let the jails of that bay see a program that was kept, and return what its compiler said.

        None if there is no such program. Raises OSError.
        """
        with self._lock:
            kept = self._kept.get(key)
            if kept is None:
                return None
            self._kept.move_to_end(key)
            self.show(kept.made, bay)
        return kept.said

    def keep(self, key: str, made: Made, said: Recorder) -> bool:
        """Keep a program. False if there is one of that key, or it needs too much room."""
        with self._lock:
            if key in self._kept or made.size > self._bytes_kept or said.size > _SAID_MAX:
                return False
            self._kept[key] = Kept(made, said)
            self._bytes += made.size
            while self._bytes > self._bytes_kept or len(self._kept) > _PROGRAMS_KEPT:
                _, oldest = self._kept.popitem(last=False)
                self._bytes -= oldest.made.size
                self.discard(oldest.made)
        return True

    def forget_all(self) -> None:
        """Keep none of the programs that are kept now."""
        with self._lock:
            while self._kept:
                self.discard(self._kept.popitem()[1].made)
            self._bytes = 0

    def show(self, made: Made, bay: int) -> None:
        """Let the jails of that bay see the program. Raises OSError."""
        self.hide(bay)
        source, target = os.fspath(made.folder), os.fspath(self.shown / str(bay))
        for folder, _, files in os.walk(source):
            there = target + folder.removeprefix(source)
            if folder != source:
                os.mkdir(there, PUBLIC)
                os.chmod(there, PUBLIC)
            for name in files:
                os.link(os.path.join(folder, name), os.path.join(there, name))

    def hide(self, bay: int) -> None:
        """Show that bay no program. None of its jails may run any more."""
        for entry in os.scandir(self.shown / str(bay)):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                os.unlink(entry.path)

    def discard(self, made: Made) -> None:
        """Remove a program. Bays that show it keep it until it is hidden."""
        shutil.rmtree(made.folder, ignore_errors=True)


class _Receiver:
    """Writes what init sends, and trusts none of it."""

    def __init__(self, source: int, folder: bytes) -> None:
        self._entries = Entries(source)
        self._folder = folder
        self._size = 0

    def receive(self) -> int:
        """Write everything below the folder, and return its size."""
        for _ in range(_ENTRIES_MAX):
            kind, path, content_bytes = self._entries.next()
            if kind is Kind.END:
                return self._size
            self._size += content_bytes + _BYTES_PER_ENTRY
            if self._size > _BYTES_MAX:
                raise TooLarge(f"it is larger than {_BYTES_MAX >> 20} MiB")
            if path.partition(b"/")[0] != b"program":
                raise NotReceived("a path leads out of the program's folder")
            self._take(kind, os.path.join(self._folder, path), content_bytes)
        raise TooLarge(f"it has more than {_ENTRIES_MAX} files and folders")

    def _take(self, kind: Kind, path: bytes, size: int) -> None:
        if kind is Kind.FOLDER:
            os.mkdir(path, PUBLIC)
        elif kind is Kind.OTHER:
            raise NotReceived("an entry is neither a file nor a folder")
        else:
            self._write(path, size, executable=kind is Kind.EXECUTABLE)

    def _write(self, path: bytes, size: int, *, executable: bool) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        file = os.open(path, flags, 0o600)
        with open(file, "wb") as writer:
            for part in self._entries.content(size):
                writer.write(part)
            os.fchmod(file, _EXECUTABLE if executable else _PLAIN)


def _make_empty(folder: Path, mode: int = 0o700, except_for: Container[str] = ()) -> None:
    if folder.is_symlink() or folder.is_file():
        folder.unlink()
    make_folder(folder, mode)
    for left in folder.iterdir():
        if left.name in except_for:
            continue
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left)
        else:
            left.unlink()
