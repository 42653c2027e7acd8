"""Folders outside a data folder to which only this account may write."""

import os
from pathlib import Path


def own_folder() -> Path | None:
    """A folder whose contents do not outlive the machine's next boot.

    None for an ordinary account without a login session (pam_systemd(8)).
    """
    user = os.geteuid()
    folder = Path("/run", f"user/{user}" if user else "")
    return folder if folder.is_dir() else None


def cache_folder() -> Path:
    """For what can be made again (XDG Base Directory Specification)."""
    if os.geteuid() == 0:
        return Path("/var/cache/podline")
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(base, "podline")
