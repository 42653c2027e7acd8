"""The folder in which several processes on a host share their counters."""

import shutil
from pathlib import Path
from typing import Final

VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that prometheus_client reads when it is imported."""


def make_empty(folder: Path) -> None:
    """Create the folder without the counters of an earlier run, which had other processes."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
