"""What a wheel and an sdist contain, with an npm registry and without one."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.support.page import build_page

ROOT = Path(__file__).parents[2]
BACKEND = "import sys, setup; print(setup.{}(sys.argv[1]))"
NOWHERE = {"NPM_CONFIG_REGISTRY": "http://127.0.0.1:9", "NPM_CONFIG_FETCH_RETRIES": "0"}


def build(kind: str, source: Path, folder: Path, **environment: str) -> tuple[Path, str]:
    """Run the build backend. Returns what it made, and what it said."""
    done = subprocess.run(
        [sys.executable, "-c", BACKEND.format(f"build_{kind}"), str(folder)],
        cwd=source,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return folder / done.stdout.split()[-1], done.stderr + done.stdout


def names_in(wheel: Path) -> set[str]:
    """As they will be installed."""
    return {re.sub(r"^[^/]+\.data/purelib/", "", name) for name in ZipFile(wheel).namelist()}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder with what git has, which is not this one, where tests run."""
    folder = tmp_path / "source"
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        if not name.startswith(("tests/", "docs/", "benchmarks/")) and (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.mark.long
def test_an_sdist_has_the_sources_of_the_page_and_its_wheel_the_page(
    source: Path, tmp_path: Path
) -> None:
    build_page()
    (source / "web/node_modules").mkdir()
    (source / "web/node_modules/other.js").write_text("")
    archive, _ = build("sdist", source, tmp_path)
    with tarfile.open(archive) as tar:
        names = {name.partition("/")[2] for name in tar.getnames()}
        tar.extractall(tmp_path, filter="data")
    assert {"web/package-lock.json", "web/.npmrc", "web/src/main.tsx", "web/page.py"} <= names
    assert not [name for name in names if "node_modules" in name]
    unpacked = tmp_path / archive.name.removesuffix(".tar.gz")
    wheel, said = build("wheel", unpacked, tmp_path)
    names = names_in(wheel)
    assert "app/api/page/index.html" in names, said
    assert any(name.startswith("app/api/page/assets/main-") for name in names)
    assert not [name for name in names if name.startswith("web/")]


@pytest.mark.long
def test_without_a_registry_a_wheel_has_no_page_and_says_so(source: Path, tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    wheel, said = build("wheel", source, tmp_path, NPM_CONFIG_CACHE=cache, **NOWHERE)
    names = names_in(wheel)
    assert "sandbox/init/init" in names
    assert not [name for name in names if name.startswith("app/api/page/")]
    assert "WITHOUT its web page" in said
