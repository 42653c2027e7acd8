"""Where the embedded default keeps things, unless a setting says otherwise."""

import hashlib
import os
from pathlib import Path

MAX_SOCKET_PATH = 107
"""Bytes in `sun_path`, less the closing zero (unix(7))."""

_LONGEST_NAME = len("sandbox.sock")


def runtime_folder(data_dir: Path) -> Path:
    """The folder for sockets: in the data folder, or a short one where its path is too long."""
    folder = data_dir / "run"
    if len(os.fsencode(folder)) + 1 + _LONGEST_NAME <= MAX_SOCKET_PATH:
        return folder
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
    return _own_short_folder() / f"podline-sockets-{digest}"


def _own_short_folder() -> Path:
    """Where no other user can make a folder first, as anybody can in /tmp."""
    if os.getuid() == 0:
        return Path("/run")
    own = Path(f"/run/user/{os.getuid()}")
    return own if own.is_dir() else Path(os.path.expanduser("~/.cache"))
