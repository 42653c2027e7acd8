"""Sends a command a signal at an exact moment: when it imports a certain module."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

_SITE: Final = """
import os, signal, sys

class AtImport:
    def find_spec(self, name, path=None, target=None):
        if name == os.environ["SIGNAL_AT"]:
            os.kill(os.getpid(), int(os.environ["SIGNAL"]))

sys.meta_path.insert(0, AtImport())
"""
"""Python imports `sitecustomize` when it starts."""


def interrupted(
    *args: str, at: str, number: int, folder: Path
) -> subprocess.CompletedProcess[bytes]:
    """Run `podline` with these arguments, and send the signal when it imports `at`."""
    (folder / "sitecustomize.py").write_text(_SITE)
    here = os.pathsep.join((str(folder), str(Path(__file__).parents[2])))
    return subprocess.run(
        [sys.executable, "-c", "from app.entry import main; main()", *args],
        env=os.environ | {"PYTHONPATH": here, "SIGNAL_AT": at, "SIGNAL": str(int(number))},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd=folder,
        timeout=60,
    )
