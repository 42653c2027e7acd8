"""What a tool chain compiles once for all programs, such as Go's standard library.

A cache may have a file `made-from`, which names the files that it was made from, one in each line.
Such a cache is made again if one of those files, or of its own, has another size or time.
"""

import fcntl
import json
import logging
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import IO, Final

from sandbox.private import PUBLIC, make_folder
from sandbox.private.folders import cache_folder

_SECONDS_TO_FILL: Final = 3600.0
_NICE: Final = "5"
"""Programs get three times as much CPU time (sched(7)). With 19, they would get seventy times as
much, and on a busy host the daemon that fills would keep all others waiting without an end.
"""
_LAST_WORDS: Final = 500
_MADE_FROM: Final = "made-from"
_FILES_LAG_NS: Final = 10_000_000
"""The time of a file is that of the kernel's last tick, at most 10 ms ago: time(7), jiffies."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sources:
    """The folders of the files that a cache was made from, each with the time of its last change.

    Whatever replaces a file, as package managers do, changes its folder. To look at the folders
    takes some microseconds, so it is done for every program.
    """

    folders: tuple[tuple[str, int], ...]

    def unchanged(self) -> bool:
        return all(_changed_ns(folder) == then for folder, then in self.folders)


NO_SOURCES: Final = Sources(())


def sources_of(folder: Path) -> Sources:
    folders = sorted({os.path.dirname(file) for file in _made_from(folder)})
    return Sources(tuple((each, _changed_ns(each)) for each in folders))


def folder_for(name: str) -> Path:
    """The folder in which all daemons of this account keep that cache."""
    return cache_folder() / name


def make(folder: Path) -> None:
    """Create the folder for jails; empty it if others could write to it. Raises OSError."""
    could_be_written = [make_folder(each, PUBLIC) for each in (folder.parent, folder)]
    if any(could_be_written):
        _stamp(folder).unlink(missing_ok=True)
        _begun(folder).unlink(missing_ok=True)


class Filler:
    """Fills caches, one at a time, in the background. Can be stopped from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def fill(
        self, folder: Path, made_by: str, command: Sequence[str], env: Mapping[str, str]
    ) -> bool:
        """Run the command, unless it was run before. One daemon at a time does it.

        `made_by` names the version exactly; another version's cache is discarded. What an
        interrupted run left is kept, or daemons that live for a short time would never fill it.
        Returns False, with the reason in the log, if the command failed.
        """
        stamp, begun = _stamp(folder), _begun(folder)
        with Path(f"{folder}.lock").open("w") as lock:
            _take_turn(lock, folder)
            if _says(stamp, made_by + _facts(folder)):
                return True
            stamp.unlink(missing_ok=True)
            if not _says(begun, made_by):
                begun.unlink(missing_ok=True)
                _empty(folder)
                begun.write_text(made_by)
            log.info("%s is filled; this is only done once", folder)
            began_ns = time.time_ns() - _FILES_LAG_NS
            said, status = self._run(command, {**env, "HOME": str(folder)}, folder)
            if status == 0 and _changed_since(folder, began_ns):
                said, status = b"its sources changed meanwhile", 1
            if status != 0:
                if status > 0:  # perhaps because of what it found
                    begun.unlink()
                if not self._stopped:
                    said = said[-_LAST_WORDS:]
                    log.error("%s can't be filled: status %d: %s", folder, status, said)
                return False
            stamp.write_text(made_by + _facts(folder))
            begun.unlink()
        return True

    def stop(self) -> None:
        with self._lock:
            self._stopped = True
            self._kill()

    def _run(
        self, command: Sequence[str], env: Mapping[str, str], folder: Path
    ) -> tuple[bytes, int]:
        """Return its output and its status. It ends with the daemon, however that ends."""
        with self._lock:
            if self._stopped:
                return b"the daemon stops", -signal.SIGKILL
            self._process = process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "nice", "-n", _NICE, *command],
                env=env,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                umask=0o022,
                process_group=0,
            )
        try:
            said, _ = process.communicate(timeout=_SECONDS_TO_FILL)
        except subprocess.TimeoutExpired:
            with self._lock:
                self._kill()
            said, _ = process.communicate()
        with self._lock:
            self._process = None
        return said, process.returncode

    def _kill(self) -> None:
        if self._process:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)


def _stamp(folder: Path) -> Path:
    return Path(f"{folder}.made")


def _begun(folder: Path) -> Path:
    """Says whose unfinished cache is in the folder."""
    return Path(f"{folder}.begun")


def _says(file: Path, made_by: str) -> bool:
    return file.exists() and file.read_text() == made_by


def _made_from(folder: Path) -> list[str]:
    """Files outside the folder; none if the cache checks by itself what it was made from."""
    listed = folder / _MADE_FROM
    return sorted(listed.read_text().splitlines()) if listed.exists() else []


def _facts(folder: Path) -> str:
    """Changes with the files that the cache was made from, and with its own."""
    sources = _made_from(folder)
    if not sources:
        return ""
    own = sorted(str(file) for file in folder.rglob("*") if file.is_file())
    facts = [_size_and_time(file) for file in (*sources, *own)]
    return sha256(json.dumps(facts).encode()).hexdigest()


def _size_and_time(file: str) -> list[str | int]:
    with suppress(FileNotFoundError):
        found = os.stat(file)
        return [file, found.st_size, found.st_mtime_ns]
    return [file]


def _changed_since(folder: Path, then_ns: int) -> bool:
    return any(changed >= then_ns for _, changed in sources_of(folder).folders)


def _changed_ns(folder: str) -> int:
    """0 if there is no such folder any more."""
    with suppress(OSError):
        return os.stat(folder).st_mtime_ns
    return 0


def _take_turn(lock: IO[str], folder: Path) -> None:
    """Wait while another daemon fills the cache; its end, too, releases the lock."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        log.info("%s is being filled by another daemon", folder)
        fcntl.flock(lock, fcntl.LOCK_EX)


def _empty(folder: Path) -> None:
    """Empty the folder, which stays: it may be mounted already."""
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
