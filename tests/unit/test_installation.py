"""How Python finds the packages of a working copy."""

import subprocess
import sys
from pathlib import Path


def test_a_script_beside_the_clone_finds_the_installed_package(tmp_path: Path) -> None:
    """A folder that is named podline, as a clone is, would be a package without modules."""
    (tmp_path / "podline").mkdir()
    script = tmp_path / "script.py"
    script.write_text("import importlib.util\nprint(importlib.util.find_spec('podline').origin)\n")
    found = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert Path(found.stdout.strip()).name == "__init__.py"
