"""The sources of settings: the environment, a folder of secrets, a TOML file, the defaults."""

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.settings.errors import SettingProblem, SettingsError

PREFIX = "PODLINE_"
DEFAULT = "default"
NESTED = "__"
FILE_VARIABLE = "PODLINE_SETTINGS_FILE"
SECRETS_VARIABLE = "PODLINE_SECRETS_DIR"
CLIENT_VARIABLES = frozenset({"PODLINE_URL", "PODLINE_KEY"})
"""Variables that the client and the command line read, but not the service."""

_FILE_IN_WORKING_FOLDER = Path("podline.toml")


def settings_file() -> Path | None:
    """Return the file to read: the one that is named, or the one in the working directory."""
    if named := os.environ.get(FILE_VARIABLE):
        return Path(named)
    return _FILE_IN_WORKING_FOLDER if _FILE_IN_WORKING_FOLDER.exists() else None


def secrets() -> dict[str, str]:
    """Read the folder of secrets, with one file per setting and the setting's name.

    This is how containers get secrets. Names that start with a dot are Kubernetes's own (`..data`).
    Raises SettingsError.
    """
    folder = os.environ.get(SECRETS_VARIABLE)
    if not folder:
        return {}
    try:
        return {
            file.name: file.read_text(encoding="utf-8").strip()
            for file in Path(folder).iterdir()
            if file.is_file() and not file.name.startswith(".")
        }
    except OSError as error:
        detail = f"can't be read: {error.strerror}"
    except UnicodeDecodeError:
        detail = "contains a secret that is not UTF-8"
    raise SettingsError([SettingProblem(f"{SECRETS_VARIABLE}={folder}", detail)])


def variable(name: str) -> str:
    """Return the environment variable of a setting: PODLINE_LIMITS__WALL for `limits.wall`."""
    return PREFIX + name.replace(".", NESTED).upper()


@dataclass(frozen=True, slots=True)
class Given:
    """The settings that were given, and where."""

    environment: Mapping[str, str]
    """By variable."""
    secrets: Mapping[str, str]
    """By name."""
    file: Mapping[str, object]
    """By dotted name."""
    path: Path | None

    @classmethod
    def read(cls) -> "Given":
        """Read all sources. Raises SettingsError if the file can't be read."""
        path = settings_file()
        variables = {name.upper(): value for name, value in os.environ.items() if value}
        return cls(
            environment={n: v for n, v in variables.items() if n.startswith(PREFIX)},
            secrets=secrets(),
            file=dict(flat(_read(path))) if path else {},
            path=path,
        )

    def origin(self, name: str) -> str:
        """Return the variable or file that a setting came from, or DEFAULT."""
        if variable(name) in self.environment:
            return variable(name)
        if name in self.secrets:
            return os.path.join(os.environ[SECRETS_VARIABLE], name)
        return str(self.path) if name in self.file else DEFAULT

    def by_secret(self, name: str) -> bool:
        """Whether the value came from a file of secrets and so must never be shown."""
        return name in self.secrets and variable(name) not in self.environment


def flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Convert nested tables to dotted names."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Convert dotted names to nested tables."""
    tables: dict[str, Any] = {}
    for name, value in values.items():
        *groups, last = name.split(".")
        table = tables
        for group in groups:
            table = table.setdefault(group, {})
        table[last] = value
    return tables


def _read(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        detail = f"can't be read: {error.strerror}"
    except ValueError as error:
        detail = f"is not TOML in UTF-8: {error}"
    name = f"{FILE_VARIABLE}={path}" if os.environ.get(FILE_VARIABLE) else str(path)
    raise SettingsError([SettingProblem(name, detail)])
