"""An environment: the packages of one language, installed together."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

LOCK: Final = "packages.lock"
"""In each build: the exact version and hash of each package, in the installer's own format."""


class BadEnvironments(Exception):
    """The file that names the builds in force can't be read; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    name: str
    """Such as python-3.11: packages for one version may not work with another."""
    build: str
    """The name of the folder that holds its files."""
    shown: str
    """The folder below it that jails see."""
    target: str
    """Where jails see it."""
    executable: str
    """The interpreter whose installer chose the files; empty if they suit any."""
    requested: Mapping[str, str]
    """What was asked for, by name. The packages that these need are not among them."""
    packages: Mapping[str, str]
    """The version of each package, by name."""
    fingerprint: str
    """Identifies the lock file's content."""


_FILE: Final = TypeAdapter(dict[str, Environment])


def written(environments: Mapping[str, Environment]) -> bytes:
    return _FILE.dump_json(dict(environments), indent=1)


def read(path: Path) -> dict[str, Environment]:
    """Empty if there is no file. Raises BadEnvironments and OSError."""
    try:
        return _FILE.validate_json(path.read_bytes())
    except FileNotFoundError:
        return {}
    except ValidationError as error:
        raise BadEnvironments(
            f"{path} is damaged: remove it, and add the packages again"
        ) from error
