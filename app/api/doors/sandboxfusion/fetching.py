"""`fetch_files`: names of files to be returned, which become patterns of artifacts."""

import posixpath
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Final

from app.domain.errors import NotFound
from app.domain.result import Result
from app.ports import Blobs
from app.service import artifacts

_SPECIAL: Final = re.compile(r"[\\*?\[\] ]")
"""What patterns give a meaning to, behind the slash with which each of these begins."""


def inside(name: str) -> str | None:
    """The path below the working folder; None if it leads elsewhere."""
    path = posixpath.normpath(name) if name else "."
    return None if path.startswith(("/", "../")) or path in (".", "..") else path


def pattern(path: str) -> str:
    """Fits this path, and no other file."""
    return "/" + _SPECIAL.sub(r"\\\g<0>", path)


def fetched(blobs: Blobs, result: Result, wanted: Mapping[str, str]) -> dict[str, str]:
    """The files that exist, in base64, by the names that the client has for them.

    `wanted` has the path for each name. Raises StoreUnavailable.
    """
    contents = {artifact.name: artifact for artifact in result.artifacts}
    found: dict[str, str] = {}
    for name, path in wanted.items():
        if artifact := contents.get(path):
            try:
                pieces = artifacts.content(blobs, result, artifact)
                found[name] = b64encode(b"".join(pieces)).decode("ascii")
            except NotFound:  # erased while the response is made
                continue
    return found


def left_out(result: Result, paths: Iterable[str]) -> list[str]:
    """A sentence about each file that exists and is not returned."""
    known = set(paths)
    return [
        f"{each.name or 'Some files'}: {each.reason}."
        for each in result.artifacts_left_out
        if each.name is None or each.name in known
    ]
