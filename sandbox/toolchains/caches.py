"""What a tool chain compiles once for all programs, such as Go's standard library."""

import fcntl
import logging
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Final

from sandbox.private import PUBLIC, make_folder
from sandbox.private.folders import cache_folder

_SECONDS_TO_FILL: Final = 900.0
_LAST_WORDS: Final = 500

log = logging.getLogger(__name__)


def folder_for(name: str) -> Path:
    """The folder in which all daemons of this account keep that cache."""
    return cache_folder() / name


def make(folder: Path) -> None:
    """Create the folder for jails; empty it if others could write to it. Raises OSError."""
    could_be_written = [make_folder(each, PUBLIC) for each in (folder.parent, folder)]
    if any(could_be_written):
        _stamp(folder).unlink(missing_ok=True)


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

        `made_by` names the version exactly; another version's cache is thrown away. Returns False,
        with the reason in the log, if the command failed.
        """
        stamp = _stamp(folder)
        with Path(f"{folder}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if stamp.exists() and stamp.read_text() == made_by:
                return True
            stamp.unlink(missing_ok=True)
            _empty(folder)
            log.info("%s is filled; this is only done once", folder)
            said, status = self._run(command, {**env, "HOME": str(folder)}, folder)
            if status != 0:
                if not self._stopped:
                    said = said[-_LAST_WORDS:]
                    log.error("%s can't be filled: status %d: %s", folder, status, said)
                return False
            stamp.write_text(made_by)
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
                ["setpriv", "--pdeathsig", "KILL", "nice", "-n", "19", *command],
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


def _empty(folder: Path) -> None:
    """Empty the folder, which stays: it may be mounted already."""
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
