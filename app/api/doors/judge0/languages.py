"""Judge0's languages: which of ours runs each, and what its file is called.

The ids never change. All ids of one language lead to ours, whatever version they once stood for, so
their names say which version there really is.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from app.domain.language import Language
from app.domain.versions import release

ARCHIVED: Final = range(1, 43)
"""Judge0 refuses these."""


class Kind(Enum):
    """What is made of the source."""

    SOURCE = "a program in the language"
    TEXT = "a text to print"
    BINARY = "a program that is compiled already"
    SCRIPTS = "scripts in the additional files"


@dataclass(frozen=True, slots=True)
class Family:
    """All ids of one language."""

    label: str
    """How Judge0 calls it."""
    name: str
    """How we call it."""
    source_file: str
    ids: tuple[int, ...]
    kind: Kind = Kind.SOURCE
    detail: str = ""
    """What goes before the version."""


FAMILIES: Final = (
    Family("Plain Text", "bash", "text.txt", (43,), Kind.TEXT),
    Family("Executable", "bash", "a.out", (44,), Kind.BINARY),
    Family("Bash", "bash", "script.sh", (46,)),
    Family("C", "c", "main.c", (75, 104, 110, 48, 49, 50, 103), detail="GCC "),
    Family("C++", "cpp", "main.cpp", (76, 52, 53, 54, 105), detail="GCC "),
    Family("Go", "go", "main.go", (60, 95, 106, 107)),
    Family("Java", "java", "Main.java", (62, 91), detail="JDK "),
    Family("JavaScript", "javascript", "script.js", (63, 93, 97, 102), detail="Node.js "),
    Family("Lua", "lua", "script.lua", (64,)),
    Family("PHP", "php", "script.php", (68, 98)),
    Family("Python", "python", "script.py", (71, 92, 100, 109, 113)),
    Family("Ruby", "ruby", "script.rb", (72,)),
    Family("Rust", "rust", "main.rs", (73, 108)),
    Family("TypeScript", "typescript", "script.ts", (74, 94, 101)),
    Family("R", "r", "script.r", (80, 99)),
    Family("Perl", "perl", "script.pl", (85,)),
    Family("Multi-file program", "bash", "", (89,), Kind.SCRIPTS),
)
BY_ID: Final = {id: family for family in FAMILIES for id in family.ids}
_BY_NAME: Final = {family.name: family for family in FAMILIES if family.kind is Kind.SOURCE}
_VERSION: Final = re.compile(r"\d+(?:\.\d+)*")


@dataclass(frozen=True, slots=True)
class Offered:
    """A language that is available here, under one of Judge0's ids."""

    id: int
    family: Family
    language: Language

    @property
    def name(self) -> str:
        """In Judge0's form, by which clients find languages."""
        if self.family.kind is not Kind.SOURCE:
            return self.family.label
        return f"{self.family.label} ({self.family.detail}{self.language.version})"

    @property
    def shown(self) -> dict[str, Any]:
        return {"id": self.id, "name": self.name}

    @property
    def details(self) -> dict[str, Any]:
        """Judge0's commands have %s where options go. Ours depend on the host."""
        file, ours = self.family.source_file, f"{self.language.name}-{self.language.version}"
        compiled = self.language.compiled and self.family.kind is Kind.SOURCE
        return self.shown | {
            "is_archived": False,
            "source_file": file or None,
            "compile_cmd": f"{ours} %s {file}" if compiled else None,
            "run_cmd": f"{ours} {file}".rstrip(),
        }


def offered(languages: Sequence[Language]) -> dict[int, Offered]:
    """Those of Judge0's ids that are available here, in the order of their names."""
    newest: dict[str, Language] = {}
    for language in sorted(languages, key=lambda each: release(each.version)):
        newest[language.name] = language
    found = [
        Offered(id, family, newest[family.name])
        for id, family in sorted(BY_ID.items())
        if family.name in newest
    ]
    return {each.id: each for each in sorted(found, key=lambda each: (each.name, each.id))}


def id_of(name: str, among: Iterable[int]) -> int | None:
    """The newest id of one of our languages, for an execution that no client of Judge0 made."""
    family = _BY_NAME.get(name)
    known = set(among)
    return next((id for id in reversed(family.ids) if id in known), None) if family else None
