"""Which language and version a Piston client means: a name or an alias, and a semver range."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from semantic_version import NpmSpec, Version

from app.api.doors.piston.names import piston_name
from app.domain.language import Language

_LONGEST: Final = 200
"""Characters of a range; the longer, the slower to read."""


def three_numbers(version: str) -> str:
    """`3.12` is `3.12.0`: clients of Piston sort versions and need three numbers."""
    return str(_semver(version).truncate())


def chosen(
    languages: Sequence[Language], name: str, wanted: str, *, lenient: bool
) -> Language | None:
    """The newest version of that name, or of that alias, that satisfies the range.

    Lenient: if none does, the newest of all.
    """
    return newest(_called(languages, name), wanted, lenient=lenient)


def newest(versions: Sequence[Language], wanted: str, *, lenient: bool) -> Language | None:
    """The newest that satisfies the range. Lenient: if none does, the newest of all.

    Most programs in the wild have an exact version of Piston's in them, such as 3.10.0.
    """
    spec = _spec(wanted)
    fitting = [each for each in versions if spec is not None and spec.match(_semver(each.version))]
    candidates = fitting or (versions if lenient else [])
    return max(candidates, key=oldest_first, default=None)


def oldest_first(language: Language) -> Version:
    """A key for sorting."""
    return _semver(language.version)


def _called(languages: Iterable[Language], name: str) -> list[Language]:
    """Those of that name; or, if there are none, those that have it as an alias."""
    named = [(each, piston_name(each)) for each in languages]
    return [each for each, known in named if known.name == name] or [
        each for each, known in named if name in known.aliases
    ]


def _spec(wanted: str) -> NpmSpec | None:
    """None for what is no range."""
    if len(wanted) > _LONGEST:
        return None
    try:
        return NpmSpec(wanted.strip())
    except ValueError:
        return None


@lru_cache
def _semver(version: str) -> Version:
    try:
        return Version.coerce(version)
    except ValueError:
        return Version("0.0.0")
