"""Installs Python packages with pip, into a folder that becomes one of `sys.path`."""

import json
import os
import subprocess
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from packaging.utils import canonicalize_name

from sandbox.environments.environment import LOCK
from sandbox.packages.errors import PackagesError
from sandbox.packages.installer import Before, Built, Requirement, run
from sandbox.packages.requirements import (
    DEPENDENCY,
    has_hashes,
    requirement,
    requirements_of,
    without_hashes,
)

_WANTED: Final = "requirements.txt"
_FIXED: Final = "constraints.txt"
_REPORT: Final = "report.json"
_FOLDER_OF_PACKAGES: Final = "import sysconfig; print(sysconfig.get_path('purelib'))"


@dataclass(frozen=True, slots=True)
class Pip:
    name: str
    executable: str
    shown: str = "site"

    def parsed(self, text: str) -> Requirement:
        return requirement(text)

    def parsed_file(self, path: Path) -> list[Requirement]:
        return requirements_of(path)

    def is_lock(self, path: Path) -> bool:  # noqa: ARG002  # npm needs it
        """No: pip is asked for all packages in a lock file, also those that came with others."""
        return False

    def target(self) -> str:
        """The folder in which the interpreter itself looks for packages.

        So it finds them however it is started, and nothing but their paths tells a program that
        they were mounted there.
        """
        asked = [self.executable, "-I", "-S", "-c", _FOLDER_OF_PACKAGES]
        try:
            said = subprocess.run(asked, capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise PackagesError(f"{self.executable} can't be started: {error}") from error
        folder = said.stdout.strip()
        if not os.path.isdir(folder):
            raise PackagesError(
                f"{self.executable} has no folder for packages: mkdir -p -m 755 {folder}"
            )
        return folder

    def build(
        self, folder: Path, requirements: Sequence[Requirement], before: Before | None
    ) -> Built:
        hashed = any(has_hashes(each) for each in requirements if _is_new(each, before))
        wanted = requirements if hashed else map(without_hashes, requirements)
        (folder / _WANTED).write_text(_lines(each.text for each in wanted))
        (folder / _FIXED).write_text(_lines(_fixed(before, hashed=hashed)))
        run(self._install(), folder)
        report = json.loads((folder / _REPORT).read_text())["install"]
        asked = {each.name for each in requirements if not each.is_dependency}
        lock = _lines(sorted(_locked(each, asked) for each in report))
        (folder / LOCK).write_text(lock)
        self._compile(folder)
        versions = {each["metadata"]["name"]: each["metadata"]["version"] for each in report}
        return Built({name: versions[name] for name in sorted(versions, key=str.lower)}, lock)

    def _install(self) -> list[str]:
        """The interpreter of jails runs this pip, so that it chooses files which suit it."""
        return [
            *(sys.executable, "-I", "-m", "pip", "--python", self.executable),
            *("--disable-pip-version-check", "--no-input"),
            *("install", "--only-binary", ":all:", "--no-compile", "--target", self.shown),
            *("--no-warn-script-location", "--root-user-action", "ignore"),
            *("--report", _REPORT, "--requirement", _WANTED, "--constraint", _FIXED),
        ]

    def _compile(self, folder: Path) -> None:
        """Compile for a read-only folder: no program could, and none has to check the sources.

        Some packages contain files that are not valid Python, such as templates.
        """
        command = [
            *(self.executable, "-I", "-S", "-m", "compileall", "-qq", "-j", "0"),
            *("--invalidation-mode", "unchecked-hash"),
            *("-s", self.shown, "-p", self.target(), self.shown),
        ]
        subprocess.run(command, cwd=folder, umask=0o022, check=False)


def _is_new(requirement: Requirement, before: Before | None) -> bool:
    return before is None or requirement.name in before.renewed


def _fixed(before: Before | None, *, hashed: bool) -> Iterator[str]:
    """The versions that stay. If one requirement has a hash, pip demands one of each package."""
    if before is None:
        return
    for line in before.lock.read_text().splitlines():
        pinned, _, _ = line.partition(" ")
        if pinned.partition("==")[0] not in before.renewed:
            yield line if hashed else pinned


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _locked(package: Mapping[str, Any], asked: Collection[str]) -> str:
    metadata = package["metadata"]
    name = canonicalize_name(metadata["name"])
    hashes = package["download_info"]["archive_info"]["hashes"]
    digests = "".join(f" --hash={kind}:{digest}" for kind, digest in sorted(hashes.items()))
    return f"{name}=={metadata['version']}{digests}{'' if name in asked else DEPENDENCY}"
