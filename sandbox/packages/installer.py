"""What the installers of all languages have in common."""

import os
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from sandbox.packages.errors import PackagesError

_UNWANTED: Final = ("PYTHONPATH", "PYTHONHOME", "NODE_OPTIONS", "NODE_PATH")
"""They would load other code into the installer."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """A package that somebody asks for."""

    name: str
    """Spelled as its language compares names."""
    text: str
    """As the installer takes it, on one line."""
    is_dependency: bool = False
    """Whether it comes with another package, and goes with it: a lock file says so."""


@dataclass(frozen=True, slots=True)
class Before:
    """What was installed until now, or is to be installed as on another host."""

    lock: Path
    """The lock file."""
    renewed: Collection[str]
    """The names of packages whose versions need not stay."""


@dataclass(frozen=True, slots=True)
class Built:
    packages: Mapping[str, str]
    """The version of each package, by name."""
    lock: str
    """The content of a lock file."""


class Installer(Protocol):
    """Installs packages of one language in one version."""

    @property
    def name(self) -> str:
        """That of the environment."""
        ...

    @property
    def shown(self) -> str:
        """The folder in a build that jails see."""
        ...

    @property
    def executable(self) -> str:
        """The interpreter that the packages must suit; empty for any."""
        ...

    def parsed(self, text: str) -> Requirement:
        """Raises PackagesError if it isn't the name of a package, perhaps with versions."""
        ...

    def parsed_file(self, path: Path) -> list[Requirement]:
        """Raises PackagesError and OSError."""
        ...

    def is_lock(self, path: Path) -> bool:
        """Whether the file also fixes packages that it doesn't ask for.

        Raises PackagesError and OSError.
        """
        ...

    def target(self) -> str:
        """Where jails are to see `shown`. Raises PackagesError."""
        ...

    def build(
        self, folder: Path, requirements: Sequence[Requirement], before: Before | None
    ) -> Built:
        """Fill the folder. Raises PackagesError and OSError."""
        ...


def run(command: Sequence[str], folder: Path, env: Mapping[str, str] = {}) -> None:
    """Run an installer, whose messages go to stderr. Raises PackagesError and OSError.

    It ends with this process, however that ends. What it writes can be read by jails.
    """
    inherited = {name: value for name, value in os.environ.items() if name not in _UNWANTED}
    done = subprocess.run(
        ["setpriv", "--pdeathsig", "KILL", *command],
        cwd=folder,
        env=inherited | dict(env),
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        umask=0o022,
        check=False,
    )
    if done.returncode != 0:
        raise PackagesError("nothing was changed: the installer failed, for the reason above")
