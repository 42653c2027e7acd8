"""Where `podline up` stores its files, unless a setting says otherwise."""

import hashlib
import os
from pathlib import Path

from sandbox.private.folders import cache_folder, own_folder

MAX_SOCKET_PATH = 107
"""Bytes in `sun_path` without the terminating zero (unix(7))."""

SANDBOX = "sandbox"
"""The data folder of the sandbox daemon, below the service's."""

BLOBS = "blobs"
"""The folder of large contents, beside a SQLite file."""

CALLBACK_SECRET = "callback-secret"
CALLBACK_PREVIOUS_SECRET = "callback-previous-secret"
"""Secrets of callbacks that no setting has: the one now, which `podline up` creates, and the one
before.
"""

RESTORING = "restoring"
"""The folder into which a backup is unpacked."""

REPLACING = "replacing"
"""A file that exists while a restore replaces what is in the data folder."""

IN_DATA_FOLDER = frozenset(
    {
        *(BLOBS, CALLBACK_SECRET, CALLBACK_PREVIOUS_SECRET, "children.json", "events.db"),
        *("flower-password", "key", "logs", "metrics", "podline.db"),
        *("replays", REPLACING, RESTORING, "run", SANDBOX, "up.lock", "url"),
    }
)
"""The names of files and folders in the data folder."""

_LONGEST_NAME = len("sandbox.sock")


def kept(data_dir: Path, name: str) -> str | None:
    """Return a secret that `podline up` stored in its data folder, or None."""
    try:
        return (data_dir / name).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None


def runtime_folder(data_dir: Path) -> Path:
    """Return the folder for sockets: in the data folder, or elsewhere if its path is too long.

    It is never in /tmp, where another user could create it first.
    """
    folder = data_dir / "run"
    if len(os.fsencode(folder)) + 1 + _LONGEST_NAME <= MAX_SOCKET_PATH:
        return folder
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
    return (own_folder() or cache_folder()) / f"podline-run-{digest}"
