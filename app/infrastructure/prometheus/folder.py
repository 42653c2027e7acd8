"""The folder in which several processes of a host count together."""

import shutil
from pathlib import Path
from typing import Final

VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
"""Read by prometheus_client when it is imported."""


def make_empty(folder: Path) -> None:
    """What an earlier run counted goes: it had other processes."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
