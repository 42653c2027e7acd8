"""What images are built from is sent to the engine, and nothing that was built here."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
IGNORED = (ROOT / ".dockerignore").read_text().splitlines()
SENT = [line.removeprefix("!") for line in IGNORED if line.startswith("!")]
DOCKERFILES = sorted([*ROOT.glob("compose/**/*Dockerfile"), *ROOT.glob("tests/**/*.Dockerfile")])
COPIED = re.compile(r"^COPY (?!--from)(?:--\S+ )*(.+) \S+$", re.MULTILINE)


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_an_image_copies_is_sent(dockerfile: Path) -> None:
    copied = " ".join(COPIED.findall(dockerfile.read_text())).split()
    missing = [name for name in copied if not any(is_in(name, folder) for folder in SENT)]
    assert missing == []
    assert all((ROOT / name).exists() for name in copied)


def is_in(name: str, folder: str) -> bool:
    return name == folder or name.startswith(f"{folder}/")


def test_what_was_built_here_is_not_sent() -> None:
    built = [line.strip("/") for line in (ROOT / ".gitignore").read_text().splitlines()]
    inside = [name for name in built if any(is_in(name, folder) for folder in SENT)]
    assert "app/api/page" in inside
    assert set(inside) <= set(IGNORED)
