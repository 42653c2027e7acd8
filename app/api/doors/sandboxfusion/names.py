"""The names that SandboxFusion has for languages."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from app.domain.language import Language
from app.domain.versions import release

DEFAULT: Final = "python"
"""For clients that send no language, such as the agent tool of verl."""

_OURS: Final[Mapping[str, str]] = {
    "nodejs": "javascript",
    "R": "r",
}
"""Those that differ."""

_COMPILE_ARGS: Final[Mapping[str, Sequence[str]]] = {"cpp": ["-std=c++17"]}
"""What makes a compiler take the same programs as SandboxFusion's."""


def called(name: str, languages: Iterable[Language]) -> Language | None:
    """The newest version of the language that SandboxFusion calls so; our own names do as well."""
    ours = _OURS.get(name, name)
    found = [each for each in languages if each.name == ours or ours in each.aliases]
    return max(found, key=lambda each: release(each.version), default=None)


def offered(languages: Iterable[Language]) -> list[str]:
    """What clients can ask for, in their words."""
    theirs = {ours: name for name, ours in _OURS.items()}
    return sorted({theirs.get(each.name, each.name) for each in languages})


def compile_args(language: Language) -> list[str]:
    return list(_COMPILE_ARGS.get(language.name, ()))
