"""languages.toml, loaded and checked. The comment at its head says what each key means."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    NonNegativeInt,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

from sandbox.languages.checks import SOME, Paths, Text, Texts, filled_with, mistake, pattern
from sandbox.wire.types import STACK_OF_MAIN_THREAD, Language, Limits

LANGUAGES: Final = Path(__file__).with_name("languages.toml")
SOURCES: Final = "{sources}"
COMPILE_ARGS: Final = "{compile_args}"
STACK: Final = "{stack}"
LINE_ARGS: Final = "{line_args}"
PREPARED_ARGS: Final = "{prepared_args}"
_LISTS: Final = (SOURCES, COMPILE_ARGS, STACK, LINE_ARGS, PREPARED_ARGS)
"""Each stands for any number of arguments, so it must be a whole argument itself."""
_PROGRAM: Final = "{program}"
_LIMITS: Final = frozenset(item.name for item in fields(Limits)) - {"stack_mib"}


_OUR_WORDS: Final = {
    "bool_type": "must be true or false",
    "dict_type": "must be a table",
    "extra_forbidden": "is not a known key",
    "greater_than_equal": "must be {ge} or more",
    "int_type": "must be a whole number",
    "literal_error": "must be {expected}",
    "missing": "is missing",
    "string_too_short": "must not be empty",
    "string_type": 'must be text in quotes, such as "a"',
    "too_short": "must not be empty",
    "tuple_type": 'must be a list, such as ["a"]',
}
"""For mistakes that pydantic words for programmers, with what its context names."""


class BadLanguages(ValueError):
    """A file has mistakes; the message names the language and the key of each."""


def _known_limits(needs: dict[str, int]) -> dict[str, int]:
    for name in needs.keys() - _LIMITS:
        raise mistake(
            "{name} is not a limit: write one of {known}",
            name=name,
            known=", ".join(sorted(_LIMITS)),
        )
    return needs


def _with_place_for_arguments(command: tuple[str, ...]) -> tuple[str, ...]:
    """Arguments for the compiler come last, unless the command has a place for them."""
    return command if COMPILE_ARGS in command else (*command, COMPILE_ARGS)


_in_command = filled_with(
    *("executable", "bin", "runtime", "entrypoint", "stem", "output", "main_class"),
    *("program", "memory_mib", "heap_mib"),
    lists=_LISTS,
)
Command: TypeAlias = Annotated[tuple[Annotated[str, _in_command], ...], SOME]
_on_host = filled_with("executable", "cache")
_preparing = filled_with("executable", "bin", "cache", "drivers")
_ahead = filled_with("executable", "bin", "cache", "heap_mib")
_with_line = filled_with("line")
_with_stack = filled_with("stack_mib", "stack_kib")


class LanguageSpec(BaseModel):
    """One table of the file."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    name: str
    source: Text
    suffixes: Texts
    executables: Paths
    version: Annotated[Text, pattern(one_group=True)]
    says_version: Texts = ("--version",)
    run: Command
    aliases: Texts = ()
    runtimes: Paths = ()
    ignores: Annotated[str, pattern()] = ""
    outputs: Mapping[str, str] = {}
    prints_lines: bool = False
    line_args: Annotated[tuple[Annotated[str, _with_line], ...], SOME] = ()
    line_env: Mapping[str, Annotated[str, _with_line]] = {}
    compile: Annotated[Command, AfterValidator(_with_place_for_arguments)] = ()
    compile_needs: Annotated[dict[str, NonNegativeInt], AfterValidator(_known_limits)] = {}
    prepare: Annotated[tuple[Annotated[str, _preparing], ...], SOME] = ()
    prepare_since: NonNegativeInt = 0
    prepared_args: Annotated[tuple[Annotated[str, _on_host], ...], SOME] = ()
    ahead: Annotated[tuple[Annotated[str, _ahead], ...], SOME] = ()
    ahead_args: Annotated[str, pattern()] = ""
    compile_env: Mapping[str, Annotated[str, _on_host]] = {}
    env: Mapping[str, str] = {}
    mounts: Paths = ()
    packages: Literal["pip", "npm"] | None = None
    package_needs: Mapping[
        str, Annotated[dict[str, NonNegativeInt], AfterValidator(_known_limits)]
    ] = {}
    package_files: Mapping[str, Text] = {}
    threads: NonNegativeInt = 0
    overhead_mib: NonNegativeInt = 0
    stack: Annotated[tuple[Annotated[str, _with_stack], ...], SOME] = ()
    stack_means: Text = STACK_OF_MAIN_THREAD

    @model_validator(mode="after")
    def _commands_fit(self) -> Self:
        if self.line_args and LINE_ARGS not in self.run:
            raise mistake("line_args: the command has no {name}", name=LINE_ARGS)
        if self.prepared_args and PREPARED_ARGS not in self.compile:
            raise mistake("prepared_args: the command has no {name}", name=PREPARED_ARGS)
        if self.compile and self.package_files:
            raise mistake("package_files: not possible for a compiled language")
        if not self.compile and any(_PROGRAM in part for part in self.run):
            raise mistake("run: without `compile`, nothing makes {name}", name=_PROGRAM)
        return self

    @property
    def starts_main_class(self) -> bool:
        """Whether the class to start is found in the sources, and names a single source file."""
        return "{main_class}" in self.run

    def of_version(self, version: str) -> "LanguageSpec":
        """The language as that version has it."""
        major = version.partition(".")[0]
        is_too_old = major.isdecimal() and int(major) < self.prepare_since
        return self.unprepared() if is_too_old else self

    def unprepared(self) -> "LanguageSpec":
        """The language where `prepare` can't be run, or what it makes can't be kept."""
        return self.model_copy(update={"prepare": (), "prepared_args": (), "ahead": ()})

    def leaves_out(self, file: str) -> bool:
        """Whether the compiler would not see the file, because of its name."""
        unnamed = SOURCES in self.compile and not file.endswith(self.suffixes)
        return unnamed or bool(self.ignores and re.search(self.ignores, file.rpartition("/")[2]))


def language_of(spec: LanguageSpec, version: str, packages: Mapping[str, str] = {}) -> Language:
    """The language as a runtime offers it, with the versions of its packages by name."""
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
        needs=_needs(spec, packages),
        packages=packages,
    )


def _needs(spec: LanguageSpec, packages: Iterable[str]) -> dict[str, int]:
    """The largest need of each limit, since a program uses the packages one after another."""
    needs: dict[str, int] = {}
    for name in packages:
        for limit, needed in spec.package_needs.get(name.lower(), {}).items():
            needs[limit] = max(needed, needs.get(limit, 0))
    return needs


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
    try:
        return {name: spec_of(name, table) for name, table in tables.items()}
    except BadLanguages as error:
        raise BadLanguages(f"{path}: {error}") from error


def spec_of(name: str, table: object) -> LanguageSpec:
    """Check one table. Raises BadLanguages."""
    if not isinstance(table, dict) or "name" in table:
        raise BadLanguages(f"{name}: must be a table, without a key `name`")
    try:
        return LanguageSpec(name=name, **table)
    except ValidationError as error:
        mistakes = [_described(name, found) for found in error.errors()]
        raise BadLanguages("; ".join(mistakes)) from error


def _described(name: str, found: ErrorDetails) -> str:
    key = ".".join(map(str, (name, *found["loc"])))
    known = _OUR_WORDS.get(found["type"])
    return f"{key}: {known.format_map(found.get('ctx', {})) if known else found['msg']}"
