"""What the page computes, called from Python through Node."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from web import page

_BUNDLE = """
import { build } from "esbuild";
const [entry, outfile] = process.argv.slice(1);
await build({ entryPoints: [entry], bundle: true, format: "esm", outfile, logLevel: "error" });
"""
_CALL = """
import { readFileSync } from "node:fs";
const [path, name] = process.argv.slice(1);
const module = await import(path);
const calls = JSON.parse(readFileSync(0, "utf-8"));
console.log(JSON.stringify(await Promise.all(calls.map((given) => module[name](...given)))));
"""


class PageCode:
    """A module of web/src. Tests are skipped without Node, and fail in CI."""

    def __init__(self, module: str, folder: Path) -> None:
        try:
            page.install(everything=False)
        except page.Unavailable as error:
            if os.environ.get("CI"):
                raise
            pytest.skip(str(error))
        self._path = folder / "module.mjs"
        _node(_BUNDLE, [f"src/{module}", str(self._path)])

    def call(self, name: str, calls: list[list[Any]]) -> list[Any]:
        """Call a function with each list of arguments, and return what it returned."""
        results: list[Any] = json.loads(_node(_CALL, [str(self._path), name], json.dumps(calls)))
        return results


def _node(code: str, arguments: list[str], given: str = "") -> str:
    command = ["node", "--input-type=module", "--eval", code, *arguments]
    done = subprocess.run(
        command, cwd=page.WEB, input=given, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
