"""Packages made in a test, so that installing them needs no network."""

import base64
import hashlib
import io
import json
import os
import tarfile
import threading
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote


def wheel(
    folder: Path,
    name: str,
    version: str,
    files: Mapping[str, str],
    needs: Sequence[str] = (),
) -> Path:
    """Make a wheel (https://packaging.python.org/en/latest/specifications/binary-distribution-format/)."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    about = f"{name}-{version}.dist-info"
    metadata = [f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {it}" for it in needs)]
    content = {
        **files,
        f"{about}/METADATA": "\n".join(["Metadata-Version: 2.1", *metadata]) + "\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for member, text in content.items():
            archive.writestr(member, text)
        archive.writestr(f"{about}/RECORD", "".join(f"{member},,\n" for member in content))
    return path


def only_wheels_in(folder: Path) -> dict[str, str]:
    """Variables for pip, so that it finds these alone."""
    return {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(folder),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_CACHE_DIR": "1",
    }


_BUILD = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


def source_distribution(folder: Path, name: str, version: str, code: str) -> Path:
    """Make an archive whose installation would run the code, without any other package."""
    path = folder / f"{name}-{version}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        _add(archive, f"{name}-{version}/backend.py", code)
        _add(archive, f"{name}-{version}/pyproject.toml", _BUILD)
        _add(archive, f"{name}-{version}/PKG-INFO", f"Name: {name}\nVersion: {version}\n")
    return path


def _add(archive: tarfile.TarFile, name: str, text: str) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(text.encode())
    archive.addfile(member, io.BytesIO(text.encode()))


class NpmRegistry:
    """Answers npm's requests, as https://github.com/npm/registry describes them."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._archives: dict[str, bytes] = {}
        self._versions: dict[str, dict[str, Any]] = {}

    def add(self, name: str, version: str, files: Mapping[str, str], **manifest: Any) -> None:
        manifest = {"name": name, "version": version, **manifest}
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            for member, text in {**files, "package.json": json.dumps(manifest)}.items():
                _add(archive, f"package/{member}", text)
        path = f"/{name}/-/{version}.tgz"
        self._archives[path] = packed.getvalue()
        digest = base64.b64encode(hashlib.sha512(packed.getvalue()).digest()).decode()
        dist = {"tarball": self.url + path, "integrity": f"sha512-{digest}"}
        self._versions.setdefault(name, {})[version] = {**manifest, "dist": dist}

    def answer(self, path: str) -> bytes | None:
        if path in self._archives:
            return self._archives[path]
        name = unquote(path.removeprefix("/"))
        if not (versions := self._versions.get(name)):
            return None
        latest = list(versions)[-1]
        document = {"name": name, "dist-tags": {"latest": latest}, "versions": versions}
        return json.dumps(document).encode()


@contextmanager
def npm_registry() -> Iterator[NpmRegistry]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = registry.answer(self.path)
            self.send_response(404 if answer is None else 200)
            self.end_headers()
            self.wfile.write(answer or b"{}")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    registry = NpmRegistry(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield registry
    finally:
        server.shutdown()
        server.server_close()


def publish_greeter(registry: NpmRegistry) -> None:
    """A package with types, one without, and the types for that one."""
    registry.add(
        *("greeter", "2.1.0"),
        {
            "index.js": "exports.word = require('typeless') + '!';",
            "index.d.ts": "export const word: string;",
        },
        main="index.js",
        types="index.d.ts",
        dependencies={"typeless": "^1.0.0"},
        scripts={"postinstall": "touch /tmp/ran-a-script"},
    )
    registry.add("typeless", "1.0.0", {"index.js": "module.exports = 'hello';"})
    registry.add(
        *("@types/typeless", "1.0.1"),
        {"index.d.ts": "declare const word: 'hello'; export = word;"},
        types="index.d.ts",
    )
