"""languages.toml, loaded and checked. What it means is said there."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from string import Formatter
from typing import Final

LANGUAGES: Final = Path(__file__).with_name("languages.toml")
_NAMES: Final = frozenset({"executable", "entrypoint", "sources", "program", "memory_mib"})


class BadLanguages(ValueError):
    """The file says something that it can't mean; the message names the language and the key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageSpec:
    """One table of the file."""

    name: str
    source: str
    suffixes: tuple[str, ...]
    executables: tuple[str, ...]
    version: str
    run: tuple[str, ...]
    compile: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    mounts: tuple[str, ...] = ()
    threads: int = 0


def fill_in(
    template: Sequence[str],
    *,
    executable: str,
    entrypoint: str,
    sources: Sequence[str],
    program: str,
    memory_mib: int,
) -> list[str]:
    """The command that a template stands for."""
    arguments: list[str] = []
    for part in template:
        if part == "{sources}":
            arguments += sources
        else:
            arguments.append(
                part.format(
                    executable=executable,
                    entrypoint=entrypoint,
                    program=program,
                    memory_mib=memory_mib,
                )
            )
    return arguments


def load(path: Path = LANGUAGES) -> dict[str, LanguageSpec]:
    """By name. Raises BadLanguages."""
    with path.open("rb") as file:
        tables = tomllib.load(file)
    return {name: _spec(name, table) for name, table in tables.items()}


def _spec(name: str, table: object) -> LanguageSpec:
    if not isinstance(table, dict):
        raise BadLanguages(f"{name}: is not a table")
    known = {item.name for item in fields(LanguageSpec)} - {"name"}
    for key in table.keys() - known:
        raise BadLanguages(f"{name}.{key}: there is no such key")
    spec = LanguageSpec(
        name=name,
        source=_text(name, table, "source"),
        suffixes=_texts(name, table, "suffixes"),
        executables=_texts(name, table, "executables"),
        version=_pattern(name, table),
        run=_template(name, table, "run"),
        compile=_template(name, table, "compile") if "compile" in table else (),
        env=_env(name, table),
        mounts=_texts(name, table, "mounts") if "mounts" in table else (),
        threads=_count(name, table, "threads"),
    )
    for path in (*spec.executables, *spec.mounts):
        if not path.startswith("/"):
            raise BadLanguages(f"{name}: {path} is not an absolute path")
    return spec


def _text(name: str, table: Mapping[str, object], key: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value:
        raise BadLanguages(f"{name}.{key}: must be a text")
    return value


def _texts(name: str, table: Mapping[str, object], key: str) -> tuple[str, ...]:
    values = table.get(key)
    if not isinstance(values, list) or not values or not all(isinstance(v, str) for v in values):
        raise BadLanguages(f"{name}.{key}: must be a list of texts")
    return tuple(values)


def _template(name: str, table: Mapping[str, object], key: str) -> tuple[str, ...]:
    parts = _texts(name, table, key)
    for part in parts:
        used = {field_name for _, field_name, _, _ in Formatter().parse(part) if field_name}
        if used - _NAMES or ("sources" in used and part != "{sources}"):
            raise BadLanguages(f"{name}.{key}: {part} can't be filled in")
    return parts


def _pattern(name: str, table: Mapping[str, object]) -> str:
    pattern = _text(name, table, "version")
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise BadLanguages(f"{name}.version: {error}") from error
    if groups != 1:
        raise BadLanguages(f"{name}.version: must have one group")
    return pattern


def _env(name: str, table: Mapping[str, object]) -> dict[str, str]:
    values = table.get("env", {})
    if not isinstance(values, dict) or not all(isinstance(v, str) for v in values.values()):
        raise BadLanguages(f"{name}.env: must be a table of texts")
    return values


def _count(name: str, table: Mapping[str, object], key: str) -> int:
    value = table.get(key, 0)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise BadLanguages(f"{name}.{key}: must be a number of at least 0")
    return value
