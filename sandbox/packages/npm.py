"""Installs packages for Node with npm, into a `node_modules` above the folders of programs."""

import json
import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from sandbox.environments.environment import LOCK
from sandbox.packages.errors import PackagesError
from sandbox.packages.installer import Before, Built, Requirement, run

_NAME: Final = r"(?:@[a-z0-9~][a-z0-9._~-]*/)?[a-z0-9~][a-z0-9._~-]*"
_SPEC: Final = re.compile(
    rf"(?P<name>{_NAME})(?:@(?P<versions>[\w^~<>=*|+-][\w^~<>=*|+.-]*(?<!\.tgz|\.tar)(?<!\.tar\.gz)))?",
    re.IGNORECASE | re.ASCII,
)
"""A name, and a version, range or tag. What npm also takes are addresses, files and aliases."""
_PLACE: Final = re.compile(rf"node_modules/{_NAME}(?:/node_modules/{_NAME})*", re.IGNORECASE)
T = TypeVar("T")

_LATEST: Final = "latest"
_MANIFEST: Final = "package.json"
_NPM_LOCK: Final = "package-lock.json"
_MODULES: Final = "node_modules"


@dataclass(frozen=True, slots=True)
class Npm:
    name: str
    node: str
    executable: str = ""
    shown: str = _MODULES

    def parsed(self, text: str) -> Requirement:
        match = _SPEC.fullmatch(text)
        if match is None:
            raise PackagesError(
                f"{text!r} is not a package: write a name such as lodash, or lodash@4.17.21"
            )
        versions = match["versions"] or _LATEST
        return Requirement(match["name"].lower(), f"{match['name'].lower()}@{versions}")

    def parsed_file(self, path: Path) -> list[Requirement]:
        """The dependencies of a package.json or of a lock file."""
        wanted = _understood(path, _wanted_by)
        return [self.parsed(f"{name}@{versions}") for name, versions in wanted.items()]

    def is_lock(self, path: Path) -> bool:
        """Refuses one with files from other places than by HTTP, or without a hash."""
        return _understood(path, _is_lock)

    def target(self) -> str:
        """Node looks for it in each folder above a program's."""
        return f"/{_MODULES}"

    def build(
        self, folder: Path, requirements: Sequence[Requirement], before: Before | None
    ) -> Built:
        (folder / _MANIFEST).write_text(json.dumps(_manifest(requirements)))
        if before:
            (folder / _NPM_LOCK).write_text(json.dumps(_kept_lock(before)))
        run(self._install(), folder, {"PATH": f"{Path(self.node).parent}:{os.environ['PATH']}"})
        lock = (folder / _NPM_LOCK).read_text()
        (folder / LOCK).write_text(lock)
        return Built(_versions(json.loads(lock)), lock)

    def _install(self) -> list[str]:
        return [
            *(self._npm(), "install", "--ignore-scripts", "--no-audit", "--no-fund"),
            *("--no-update-notifier", "--loglevel", "error"),
        ]

    def _npm(self) -> str:
        beside = str(Path(self.node).with_name("npm"))
        found = shutil.which(beside) or shutil.which("npm")
        if found is None:
            raise PackagesError("npm is not installed, and it installs packages for Node")
        return found


def _understood(path: Path, look: Callable[[Mapping[str, Any]], T]) -> T:
    """Raises PackagesError and OSError."""
    try:
        return look(json.loads(path.read_bytes()))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise PackagesError(f"{path} is neither a package.json nor a lock file") from None


def _wanted_by(content: Mapping[str, Any]) -> dict[str, str]:
    asking = content["packages"][""] if "lockfileVersion" in content else content
    return dict(asking.get("dependencies", {}))


def _is_lock(content: Mapping[str, Any]) -> bool:
    if "lockfileVersion" not in content:
        return False
    for place, package in content["packages"].items():
        if place and not _is_from_a_registry(place, package):
            raise PackagesError(f"{place!r} in the lock file is not from a registry, with a hash")
    return True


def _is_from_a_registry(place: str, package: Mapping[str, Any]) -> bool:
    """npm asks the registry where no address is given."""
    plain = _PLACE.fullmatch(place) and not package.get("link")
    address = package.get("resolved", "https://")
    return bool(plain and package.get("integrity") and address.startswith(("https://", "http://")))


def _manifest(requirements: Sequence[Requirement]) -> Mapping[str, object]:
    return {
        "name": "packages",
        "private": True,
        "dependencies": dict(_split(each) for each in requirements),
    }


def _split(requirement: Requirement) -> tuple[str, str]:
    return requirement.name, requirement.text.rpartition("@")[2]


def _kept_lock(before: Before) -> Mapping[str, Any]:
    """The lock file, without the packages that are to be chosen anew."""
    lock: dict[str, Any] = json.loads(before.lock.read_bytes())
    for name in before.renewed:
        lock["packages"].pop(f"{_MODULES}/{name}", None)
    return lock


def _versions(lock: Mapping[str, Any]) -> dict[str, str]:
    """Those that programs can import; what only a package itself sees is in folders of its own."""
    prefix = f"{_MODULES}/"
    return {
        path.removeprefix(prefix): found["version"]
        for path, found in sorted(lock["packages"].items())
        if path.startswith(prefix) and path.count(prefix) == 1
    }
