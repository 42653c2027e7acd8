"""Starts a part of Podline by hand: one process, with a log of its own."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


def start_part(
    log: Path, environment: Mapping[str, str], module: str, *arguments: str
) -> subprocess.Popen[bytes]:
    """Start a Python module; what it prints is appended to the log."""
    with log.open("ab") as printed:
        return subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            env=environment,
            stdout=printed,
            stderr=subprocess.STDOUT,
        )
