"""Lists control groups while others come and go, which makes pathlib's globs fail."""

import os
from fnmatch import fnmatch
from pathlib import Path


def cgroups(pattern: str) -> list[Path]:
    """Return the groups of every hierarchy whose name matches."""
    return [
        Path(at, name)
        for at, names, _ in os.walk("/sys/fs/cgroup")
        for name in names
        if fnmatch(name, pattern)
    ]


def tree_of(group: Path) -> list[Path]:
    """Return a group and everything below it."""
    return [Path(at) for at, _, _ in os.walk(group)]
