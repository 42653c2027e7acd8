"""A hostile program: one file, whose leading comment says what it does and how it must end.

    # Ignores every signal that can be ignored.
    # outcome: time_limit
    # stdout: begun
    # limits: wall_seconds=0.5

`outcome` is one of app.domain.execution.Outcome, or several with `|` between them; `outcome without
cgroups` is given if it differs there. `stdout` is a line that must be printed; other lines may be.
`limits` and `compile limits` are those that differ from `LIMITS` and the default. `file` is the
name under which the program is submitted.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from app.domain.execution import Outcome
from app.domain.policy import DEFAULT_COMPILE_LIMITS
from app.domain.submission import Limits

PROGRAMS: Final = Path(__file__).with_name("programs")
LIMITS: Final = Limits(
    wall_seconds=3, cpu_seconds=2, memory_mib=64, processes=32, output_kib=64, disk_mib=8
)
_LANGUAGES: Final = {".py": "python", ".c": "c", ".cpp": "cpp", ".sh": "bash"}
_COMMENT: Final = re.compile(r"(?:#|//) ?(.*)")
_FACT: Final = re.compile(
    r"(outcome|outcome without cgroups|stdout|limits|compile limits|file): (.+)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hostile:
    name: str
    language: str
    source: bytes
    file: str
    outcomes: frozenset[Outcome]
    outcomes_without_cgroups: frozenset[Outcome]
    stdout: tuple[str, ...]
    limits: Limits
    compile_limits: Limits


def all_programs() -> list[Hostile]:
    return [load(path) for path in sorted(PROGRAMS.iterdir()) if path.suffix in _LANGUAGES]


def load(path: Path) -> Hostile:
    source = path.read_bytes()
    facts = list(_facts(source))
    last = dict(facts)
    return Hostile(
        name=path.name,
        language=_LANGUAGES[path.suffix],
        source=source,
        file=last.get("file", f"main{path.suffix}"),
        outcomes=_outcomes(last["outcome"]),
        outcomes_without_cgroups=_outcomes(last.get("outcome without cgroups", last["outcome"])),
        stdout=tuple(value for key, value in facts if key == "stdout"),
        limits=_limits(LIMITS, last.get("limits", "")),
        compile_limits=_limits(DEFAULT_COMPILE_LIMITS, last.get("compile limits", "")),
    )


def _facts(source: bytes) -> Iterator[tuple[str, str]]:
    for line in source.decode(errors="replace").splitlines():
        comment = _COMMENT.match(line)
        if comment is None:
            return
        if fact := _FACT.fullmatch(comment[1]):
            yield fact[1], fact[2]


def _outcomes(text: str) -> frozenset[Outcome]:
    return frozenset(Outcome(name) for name in text.split(" | "))


def _limits(base: Limits, text: str) -> Limits:
    given: dict[str, Any] = {}
    for name, value in (item.split("=") for item in text.split()):
        given[name] = float(value) if name.endswith("_seconds") else int(value)
    return replace(base, **given)
