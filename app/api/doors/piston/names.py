"""The names that Piston has for languages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.domain.language import Language


@dataclass(frozen=True, slots=True)
class PistonName:
    """A language as Piston's packages name it."""

    name: str
    aliases: tuple[str, ...] = ()
    runtime: str | None = None
    """Where one package of Piston serves several languages."""


_NAMES: Final[Mapping[str, PistonName]] = {
    "python": PistonName("python", ("py", "py3", "python3")),
    "javascript": PistonName("javascript", ("node-javascript", "node-js", "js"), "node"),
    "typescript": PistonName("typescript", ("ts", "node-ts", "tsc", "typescript5", "ts5")),
    "c": PistonName("c", ("gcc",), "gcc"),
    "cpp": PistonName("c++", ("cpp", "g++"), "gcc"),
    "go": PistonName("go", ("golang",)),
    "rust": PistonName("rust", ("rs",)),
    "ruby": PistonName("ruby", ("ruby3", "rb")),
    "php": PistonName("php", ("php8",)),
    "bash": PistonName("bash", ("sh",)),
    "perl": PistonName("perl", ("pl",)),
    "r": PistonName("rscript", ("r",)),
}


def piston_name(language: Language) -> PistonName:
    """Its name, with its aliases in Piston and here."""
    known = _NAMES.get(language.name, PistonName(language.name))
    ours = (language.name, *language.aliases, *_with_version(language))
    more = [name for name in ours if name not in (known.name, *known.aliases)]
    return PistonName(known.name, (*known.aliases, *dict.fromkeys(more)), known.runtime)


def _with_version(language: Language) -> tuple[str, ...]:
    """`python3.12`, which Piston's package has as an alias."""
    if language.name != "python":
        return ()
    return ("python" + ".".join(language.version.split(".")[:2]),)
