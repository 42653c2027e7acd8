"""languages.toml, loaded and checked. What it means is said there."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from string import Formatter
from typing import Final

from sandbox.wire.types import STACK_OF_MAIN_THREAD, Language, Limits

LANGUAGES: Final = Path(__file__).with_name("languages.toml")
_NAMES: Final = frozenset(
    {
        *("executable", "bin", "runtime", "entrypoint", "stem", "output", "main_class"),
        *("program", "memory_mib", "heap_mib"),
    }
)
SOURCES: Final = "{sources}"
COMPILE_ARGS: Final = "{compile_args}"
STACK: Final = "{stack}"
LINE_ARGS: Final = "{line_args}"
"""Each stands for any number of arguments."""
PROGRAM: Final = "{program}"
_STACK_NAMES: Final = frozenset({"stack_mib", "stack_kib"})
_HOST_NAMES: Final = frozenset({"executable", "cache"})
_LINE_NAMES: Final = frozenset({"line"})
_LIMITS: Final = frozenset(item.name for item in fields(Limits)) - {"stack_mib"}


class BadLanguages(ValueError):
    """A file says something that it can't mean; the message names the language and the key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageSpec:
    """One table of the file."""

    name: str
    source: str
    suffixes: tuple[str, ...]
    executables: tuple[str, ...]
    version: str
    says_version: tuple[str, ...]
    run: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    runtimes: tuple[str, ...] = ()
    ignores: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)
    prints_lines: bool = False
    line_args: tuple[str, ...] = ()
    line_env: Mapping[str, str] = field(default_factory=dict)
    compile: tuple[str, ...] = ()
    compile_needs: Mapping[str, int] = field(default_factory=dict)
    prepare: tuple[str, ...] = ()
    compile_env: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    mounts: tuple[str, ...] = ()
    threads: int = 0
    overhead_mib: int = 0
    stack: tuple[str, ...] = ()
    stack_means: str = STACK_OF_MAIN_THREAD

    @property
    def starts_main_class(self) -> bool:
        """The class to start is found in the sources, and gives a single one its name."""
        return "{main_class}" in self.run

    def leaves_out(self, file: str) -> bool:
        """Whether the compiler would not see the file, because of its name."""
        unnamed = SOURCES in self.compile and not file.endswith(self.suffixes)
        return unnamed or bool(self.ignores and re.search(self.ignores, file.rpartition("/")[2]))


def language_of(spec: LanguageSpec, version: str) -> Language:
    """As a runtime offers it."""
    return Language(
        name=spec.name,
        version=version,
        source_name=spec.source,
        compiled=bool(spec.compile),
        aliases=spec.aliases,
        suffixes=spec.suffixes,
        line_buffering=spec.prints_lines or bool(spec.line_args or spec.line_env),
        compile_needs=spec.compile_needs,
        stack=spec.stack_means,
    )


def load(more: Path | None = None) -> dict[str, LanguageSpec]:
    """By name. A language in `more` replaces the one of that name here.

    Raises BadLanguages, and OSError.
    """
    return _load(LANGUAGES) | (_load(more) if more else {})


def _load(path: Path) -> dict[str, LanguageSpec]:
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadLanguages(f"{path}: {error}") from error
    return {name: _spec(name, table) for name, table in tables.items()}


def _spec(name: str, table: object) -> LanguageSpec:
    if not isinstance(table, dict):
        raise BadLanguages(f"{name}: is not a table")
    known = {item.name for item in fields(LanguageSpec)} - {"name"}
    for key in table.keys() - known:
        raise BadLanguages(f"{name}.{key}: is not a known key")
    spec = LanguageSpec(
        name=name,
        source=_text(name, table, "source"),
        suffixes=_texts(name, table, "suffixes"),
        executables=_paths(name, table, "executables"),
        version=_version(name, table),
        says_version=_texts(name, {"says_version": ["--version"]} | table, "says_version"),
        aliases=_texts(name, table, "aliases") if "aliases" in table else (),
        run=_template(name, table, "run", _NAMES),
        prints_lines=_flag(name, table, "prints_lines"),
        line_args=_optional_template(name, table, "line_args", _LINE_NAMES),
        line_env=_filled_env(name, table, "line_env", _LINE_NAMES),
        runtimes=_paths(name, table, "runtimes") if "runtimes" in table else (),
        ignores=_pattern(name, table, "ignores")[0] if "ignores" in table else "",
        outputs=_env(name, table, "outputs"),
        compile=_compile(name, table),
        compile_needs=_limits(name, table),
        prepare=_optional_template(name, table, "prepare", _HOST_NAMES),
        compile_env=_filled_env(name, table, "compile_env", _HOST_NAMES),
        env=_env(name, table, "env"),
        mounts=_paths(name, table, "mounts") if "mounts" in table else (),
        threads=_count(name, table, "threads"),
        overhead_mib=_count(name, table, "overhead_mib"),
        stack=_optional_template(name, table, "stack", _STACK_NAMES),
        stack_means=_text(name, {"stack_means": STACK_OF_MAIN_THREAD} | table, "stack_means"),
    )
    if spec.line_args and LINE_ARGS not in spec.run:
        raise BadLanguages(f"{name}.line_args: the command has no {LINE_ARGS}")
    if not spec.compile and any(PROGRAM in part for part in spec.run):
        raise BadLanguages(f"{name}.run: without `compile`, nothing makes {PROGRAM}")
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


def _paths(name: str, table: Mapping[str, object], key: str) -> tuple[str, ...]:
    paths = _texts(name, table, key)
    for path in paths:
        if not path.startswith(("/", "~/")):
            raise BadLanguages(f"{name}.{key}: {path} must start with / or ~/")
    return paths


def _optional_template(
    name: str, table: Mapping[str, object], key: str, known: frozenset[str]
) -> tuple[str, ...]:
    return _template(name, table, key, known) if key in table else ()


def _compile(name: str, table: Mapping[str, object]) -> tuple[str, ...]:
    """Arguments for the compiler come last, unless the command has a place for them."""
    command = _optional_template(name, table, "compile", _NAMES)
    return (*command, COMPILE_ARGS) if command and COMPILE_ARGS not in command else command


def _template(
    name: str, table: Mapping[str, object], key: str, known: frozenset[str]
) -> tuple[str, ...]:
    parts = _texts(name, table, key)
    for part in parts:
        if part not in (SOURCES, COMPILE_ARGS, STACK, LINE_ARGS) or known != _NAMES:
            _check_template(f"{name}.{key}", part, known)
    return parts


def _check_template(at: str, text: str, known: frozenset[str]) -> None:
    try:
        used = {found for _, found, _, _ in Formatter().parse(text) if found is not None}
    except ValueError as error:
        raise BadLanguages(f"{at}: {text}: {error}") from error
    if used - known:
        raise BadLanguages(f"{at}: {text} can't be filled in")


def _version(name: str, table: Mapping[str, object]) -> str:
    pattern, groups = _pattern(name, table, "version")
    if groups != 1:
        raise BadLanguages(f"{name}.version: must have one group")
    return pattern


def _pattern(name: str, table: Mapping[str, object], key: str) -> tuple[str, int]:
    """It, and how many groups it has."""
    pattern = _text(name, table, key)
    try:
        return pattern, re.compile(pattern).groups
    except re.error as error:
        raise BadLanguages(f"{name}.{key}: {error}") from error


def _filled_env(
    name: str, table: Mapping[str, object], key: str, known: frozenset[str]
) -> dict[str, str]:
    values = _env(name, table, key)
    for value in values.values():
        _check_template(f"{name}.{key}", value, known)
    return values


def _env(name: str, table: Mapping[str, object], key: str) -> dict[str, str]:
    values = table.get(key, {})
    if not isinstance(values, dict) or not all(isinstance(v, str) for v in values.values()):
        raise BadLanguages(f"{name}.{key}: must be a table of texts")
    return values


def _limits(name: str, table: Mapping[str, object]) -> dict[str, int]:
    needs = table.get("compile_needs", {})
    if not isinstance(needs, dict):
        raise BadLanguages(f"{name}.compile_needs: must be a table of limits")
    for key in needs.keys() - _LIMITS:
        raise BadLanguages(f"{name}.compile_needs.{key}: is not a limit")
    return {key: _count(f"{name}.compile_needs", needs, key) for key in needs}


def _flag(name: str, table: Mapping[str, object], key: str) -> bool:
    value = table.get(key, False)
    if not isinstance(value, bool):
        raise BadLanguages(f"{name}.{key}: must be true or false")
    return value


def _count(name: str, table: Mapping[str, object], key: str) -> int:
    value = table.get(key, 0)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise BadLanguages(f"{name}.{key}: must be a whole number of at least 0")
    return value
