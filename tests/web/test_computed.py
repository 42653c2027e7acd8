"""What the page computes, tested without a browser; and what its build makes."""

import gzip
import json
from pathlib import Path

import pytest

from app.api.console import PAGES
from tests.support.page import build_page
from web import page

FIRST_LOAD_BYTES = 200 * 1024
"""Of compressed script, before a page can be used."""


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    build_page()


def test_what_is_computed() -> None:
    page.test()


PLAYGROUND = (
    "src/main.tsx",
    "src/playground/page.tsx",
    "src/playground/editor/mount.ts",
    "node_modules/@codemirror/lang-python/dist/index.js",
)
"""The page at `/`, with its editor and the mode of the first language, which is loaded last."""


def loaded(*entries: str) -> set[str]:
    """The scripts that these need, by their names."""
    outputs = json.loads((page.WEB / "build/metafile.json").read_text())["outputs"]
    found: set[str] = set()
    waiting = [name for name, output in outputs.items() if output.get("entryPoint") in entries]
    assert len(waiting) == len(entries)
    while waiting:
        name = waiting.pop()
        found.add(name)
        imported = (each for each in outputs[name]["imports"] if each["kind"] == "import-statement")
        waiting += [each["path"] for each in imported if each["path"] not in found]
    return {Path(name).name for name in found}


@pytest.mark.parametrize(
    ("entries", "most"),
    [
        (PLAYGROUND, FIRST_LOAD_BYTES),
        (PLAYGROUND[:2], FIRST_LOAD_BYTES // 3),  # The editor comes later.
        (PLAYGROUND[:1], FIRST_LOAD_BYTES // 10),
    ],
)
def test_the_first_load_is_small(entries: tuple[str, ...], most: int) -> None:
    scripts = loaded(*entries)
    assert any(name.startswith("main-") for name in scripts)
    sizes = {name: (page.BUILT / "assets" / f"{name}.gz").stat().st_size for name in scripts}
    assert sum(sizes.values()) < most, sizes


def test_what_each_page_needs_is_listed() -> None:
    preloads = json.loads((page.BUILT / "preloads.json").read_text())
    assert set(preloads) == {module for module in PAGES.values() if module}
    listed = [Path(address).name for address in preloads["playground/page"]]
    assert set(listed) == loaded(*PLAYGROUND[:3])
    assert listed[0].startswith("main-")  # It is the one that begins everything.


def test_every_library_in_the_page_has_its_licence() -> None:
    (listed,) = (page.BUILT / "assets").glob("licences-*.txt")
    metafile = json.loads((page.WEB / "build/metafile.json").read_text())
    taken = {name for output in metafile["outputs"].values() for name in output["inputs"]}
    assert any("node_modules/preact/" in name for name in taken)
    assert "preact 11" in listed.read_text()
    for name in json.loads((page.WEB / "package.json").read_text())["dependencies"]:
        if any(f"node_modules/{name}/" in each for each in taken):
            assert f"{name} " in listed.read_text()


def test_compressed_files_are_the_same() -> None:
    files = [path for path in page.BUILT.rglob("*") if path.is_file() and path.suffix != ".gz"]
    assert files
    for path in files:
        assert gzip.decompress(path.with_name(f"{path.name}.gz").read_bytes()) == path.read_bytes()


def test_the_lock_file_names_no_registry() -> None:
    lock = json.loads((page.WEB / "package-lock.json").read_text())
    packages = [package for name, package in lock["packages"].items() if name]
    assert packages
    for package in packages:
        assert "resolved" not in package
        assert package["integrity"].startswith("sha512-")
    assert "://" not in (page.WEB / ".npmrc").read_text()
