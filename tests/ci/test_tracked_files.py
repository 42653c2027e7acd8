"""What is in the repository."""

import subprocess
from pathlib import Path
from typing import Final

import pytest

REPOSITORY: Final = Path(__file__).parents[2]
IMAGES: Final = {".gif", ".ico", ".jpeg", ".jpg", ".png", ".webp"}
MEANT_TO_BE: Final = {
    "tests/hostile/programs/not_text.c",
    "tests/hostile/programs/nul.py",
    "tests/upgrade/3ba531a/sqlite/events.db",
    "tests/upgrade/3ba531a/sqlite/podline.db",
}


def test_only_images_are_binary() -> None:
    """A built program is easily added together with other files."""
    if not (REPOSITORY / ".git").exists():
        pytest.skip("this is not a clone")
    listed = subprocess.run(
        ["git", "ls-files", "--eol"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    files = [line.split("\t") for line in listed.stdout.splitlines()]
    assert len(files) > 100
    binary = {path for what, path in files if what.startswith("i/-text")}
    assert {path for path in binary - MEANT_TO_BE if Path(path).suffix not in IMAGES} == set()
