"""The data folder: its lock and its contents."""

import errno
import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from time import sleep

from app.cli.up.errors import UpError
from app.service.keys import new_secret
from app.settings.folders import IN_DATA_FOLDER, runtime_folder
from sandbox.private import NotPrivate, make_data_folder, make_folder

KEY = "key"
"""The first admin key."""
URL = "url"
"""The API's URL."""
FLOWER_PASSWORD = "flower-password"
LOGS = "logs"
METRICS = "metrics"
CHILDREN = "children.json"
_LOCK = "up.lock"
_NEEDED_BYTES = 4 * 1024 * 1024
"""Space for the databases, their logs and the counters in a new folder."""
_PAUSE_SECONDS = 1.0


@contextmanager
def held(
    data_dir: Path, on_full: Callable[[], object] = lambda: None, *, command: str = "podline up"
) -> Iterator[None]:
    """Create the folder and lock it, so that only one command uses it. The lock says which one.

    If the disk is full, call `on_full` and wait for space. The kernel releases the lock however
    this process ends (flock(2)). Raises UpError and NotPrivate.
    """
    _make(data_dir)
    with (data_dir / _LOCK).open("a+", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            pid, _, other = lock.read().partition(" ")
            raise UpError(
                f"{other or 'podline'} is already running on {data_dir} (pid {pid or 'unknown'})"
            ) from None
        _wait_for_space(data_dir, on_full)
        lock.truncate(0)
        lock.write(f"{os.getpid()} {command}")
        lock.flush()
        make_folder(data_dir / LOGS)
        make_folder(runtime_folder(data_dir))
        yield


def _wait_for_space(data_dir: Path, on_full: Callable[[], object]) -> None:
    if not _has_space(data_dir):
        on_full()
        while not _has_space(data_dir):
            sleep(_PAUSE_SECONDS)


def _has_space(data_dir: Path) -> bool:
    try:
        with TemporaryFile(dir=data_dir) as file:
            os.posix_fallocate(file.fileno(), 0, _NEEDED_BYTES)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise UpError(f"{data_dir} can't be written to: {error.strerror}") from error
        return False
    return True


def _make(data_dir: Path) -> None:
    try:
        make_data_folder(data_dir, IN_DATA_FOLDER)
    except NotPrivate:
        raise
    except OSError as error:
        raise UpError(f"can't create {data_dir}: {error.strerror}") from error


def first_key(data_dir: Path) -> str:
    """Return the folder's own admin key."""
    return kept_secret(data_dir / KEY, new_secret)


def kept_secret(path: Path, make: Callable[[], str] = secrets.token_urlsafe) -> str:
    """Return the secret in a file, which is created on first use, atomically.

    The caller must hold the folder's lock.
    """
    if not path.exists():
        new = path.with_name(f"{path.name}.new")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(make() + "\n")
        new.replace(path)
    return path.read_text(encoding="ascii").strip()
