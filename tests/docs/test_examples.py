"""Runs every `sh` and `python` block in the README and docs on a real service.

Only the port differs. A JSON block after an example must have the form of what it prints.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.local_packages import npm_registry, wheel
from tests.support.markdown import PAGES, ROOT, CodeBlock, code_blocks
from tests.support.standalone import Standalone, running

ADDRESS = "http://127.0.0.1:8000"
MEAN = "def mean(numbers): return sum(numbers) / len(numbers)"
CHUNK = "exports.chunk = (all, size) => [all.slice(0, size), all.slice(size)];"
RUN_EACH = "import sys\nfor text in sys.argv[1:]: exec(text, {'__name__': '__main__'})"
"""In one process, because importing the client takes longer than most examples."""
BETWEEN = "\n=== next example ===\n"

FIRST_READ = ("README.md", "api.md", "cli.md", "client.md", "getting-started.md")
"""Pages whose examples `make test` runs. Those of the others are part of `make test-long`."""


def pages_with(language: str) -> list[Any]:
    return [
        pytest.param(page, marks=() if page.name in FIRST_READ else pytest.mark.long)
        for page in PAGES
        if code_blocks(page, language)
    ]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standalone]:
    folder = tmp_path_factory.mktemp("examples")
    # The page about callbacks receives one on this machine.
    settings = {"PODLINE_CALLBACK_NETWORKS": "127.0.0.0/8"}
    with running(Standalone(folder / ".podline", settings)) as standalone:
        yield standalone


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Small packages with the names of those in the examples, for pip and npm."""
    wheels = tmp_path_factory.mktemp("wheels")
    for name, text in {"numpy": MEAN, "pandas": "", "matplotlib": ""}.items():
        wheel(wheels, name, "1.0", {f"{name}.py": text})
    with npm_registry() as registry:
        registry.add("lodash", "4.0.0", {"index.js": CHUNK})
        registry.add("@types/lodash", "4.0.0", {"index.d.ts": ""})
        yield {
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(wheels),
            "PIP_CONFIG_FILE": os.devnull,
            "npm_config_registry": registry.url,
            "npm_config_cache": str(wheels / "npm"),
        }


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", pages_with("sh"), ids=name_of)
def test_shell(page: Path, service: Standalone, packages: dict[str, str]) -> None:
    blocks = code_blocks(page, "sh")
    printed = run(service, ["bash", "-euo", "pipefail", "-c", script(blocks)], packages)
    for block, output in zip(blocks, printed.split(BETWEEN), strict=True):
        if block.shows is not None:
            assert form(json.loads(output)) == form(json.loads(block.shows))


@pytest.mark.parametrize("page", pages_with("python"), ids=name_of)
def test_python(page: Path, service: Standalone) -> None:
    blocks = [block.text for block in code_blocks(page, "python")]
    run(service, [sys.executable, "-c", RUN_EACH, *blocks])


def script(blocks: list[CodeBlock]) -> str:
    """All blocks of a page in one shell; an answer that is an error fails, unless it is shown."""
    parts = []
    for block in blocks:
        fails = block.shows is not None and '"status": 4' in block.shows
        parts.append(f"curl_options={'' if fails else '--fail-with-body'}\n{block.text}")
    return 'curl() { command curl $curl_options "$@"; }\n' + f"printf '{BETWEEN}'\n".join(parts)


def run(service: Standalone, command: list[str], env: Mapping[str, str] = {}) -> str:
    """What it prints, in the folder where `podline up` was started."""
    address = (service.data_dir / "url").read_text().strip()
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        [word.replace(ADDRESS, address) for word in command],
        cwd=service.data_dir.parent,
        env=os.environ | {"PATH": path, **env},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def form(value: Any) -> Any:
    """The names and kinds of a JSON value; what may be null is of any kind."""
    match value:
        case dict():
            return {name: form(inner) for name, inner in value.items()}
        case list():
            return [form(inner) for inner in value]
        case bool():
            return "true or false"
        case int() | float():
            return "number"
        case str():
            return "text"
        case None:
            return "null"
