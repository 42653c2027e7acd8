"""The languages that a runtime offers, and how it enforces limits."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from app.domain.versions import stands_for


def language_key(language: str, version: str) -> str:
    """How a language of a version is named where only that matters."""
    return f"{language}-{version}"


def keys_of(languages: "Iterable[Language]") -> frozenset[str]:
    return frozenset(language_key(each.name, each.version) for each in languages)


def needed(*keys: str | None) -> str:
    """How several languages are named that one host has to offer: their keys, without None."""
    return " ".join(sorted({key for key in keys if key is not None}))


def all_offered(needed: str, offered: Collection[str]) -> bool:
    """Whether these keys have each needed language in that very version."""
    return all(key in offered for key in needed.split(" "))


def all_run(needed: str, offered: Collection[str]) -> bool:
    """Whether these keys have each needed language, or another version that stands for it."""
    return all(any(stands_for(key, wanted) for key in offered) for wanted in needed.split(" "))


class LimitName(StrEnum):
    """Everything that is limited. `Limits` has the values; inodes follow from the disk."""

    WALL = "wall"
    CPU = "cpu"
    MEMORY = "memory"
    PROCESSES = "processes"
    OUTPUT = "output"
    DISK = "disk"
    INODES = "inodes"


class Holder(StrEnum):
    """Who enforces a limit."""

    KERNEL = "kernel"
    RUNTIME = "runtime"
    """It measures, and kills."""
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLimit:
    """What enforces one limit where programs run."""

    limit: LimitName
    by: Holder
    how: str
    """The mechanism; with NOBODY, what a test of the limit showed."""


STACK_OF_MAIN_THREAD: Final = (
    "The stack of the main thread, and the default of others (RLIMIT_STACK, soft and hard). "
    "Null: as much as memory_mib where a control group limits memory, else 8 MiB."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """A language as a runtime offers it."""

    name: str
    version: str
    source_name: str
    """The file name of a single `source`, such as main.py."""
    compiled: bool
    aliases: tuple[str, ...] = ()
    """Other names that a submission can use."""
    suffixes: tuple[str, ...] = ()
    """The suffixes of its files, such as .py."""
    line_buffering: bool = False
    """It can print each line immediately."""
    compile_needs: Mapping[str, int] = field(default_factory=dict)
    """The lowest limits that its compiler works with, by the names of Limits."""
    stack: str = STACK_OF_MAIN_THREAD
    """What `stack_mib` means for its programs."""
    accepts: Mapping[str, int] = field(default_factory=dict)
    """The runtime's own maxima for a stage, by the names of Limits."""
    needs: Mapping[str, int] = field(default_factory=dict)
    """The lowest limits that programs with its packages work with, by the names of Limits."""
    packages: Mapping[str, str] = field(default_factory=dict)
    """The versions of the packages that its programs can use, by name."""
    max_runs: int | None = None
    """The most runs that a pod can have. None: any number."""
    max_input_bytes: int | None = None
    """The most that a pod's files and the inputs of all its runs can have. None: any number."""
    keeps_artifacts: bool = True
    """Whether files that its programs create can be kept."""
    max_artifact_bytes: int | None = None
    """The most that all of them together can have. None: any number."""


def max_input_bytes(languages: Iterable[Language], name: str, version: str) -> int | None:
    """Of the language of that name and version. None: any number."""
    found = (each for each in languages if (each.name, each.version) == (name, version))
    return next((each.max_input_bytes for each in found), None)
