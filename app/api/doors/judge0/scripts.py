"""What starts a submission that is no program in one of our languages: a script of our own."""

from collections.abc import Iterable, Mapping
from typing import Final

from app.api.doors.judge0.languages import BY_ID, Family, Kind
from app.domain.submission import File, Submission

_OURS: Final = ".podline"
"""Begins the names of our files."""
_NAME: Final = f"{_OURS}.sh"
COMPILE_OUTPUT: Final = f"{_OURS}.compile"
COMPILE_FAILED: Final = f"{_OURS}.failed"

_PRINT: Final = "exec cat text.txt\n"
_START: Final = 'chmod +x a.out && exec ./a.out "$@"\n'
_COMPILERS: Final = ("compile", "compile.sh")
_RUN: Final = f"""\
for compile in {" ".join(_COMPILERS)}; do
    [ -f "$compile" ] || continue
    bash "$compile" </dev/null >{COMPILE_OUTPUT} 2>&1 && break
    touch {COMPILE_FAILED}
    cat {COMPILE_OUTPUT} >&2
    exit 1
done
[ ! -f run ] || exec bash run
exec bash run.sh
"""
"""A script of its own compiles a multi-file program. How that went is in files, which the door
reads as artifacts.
"""

STARTS: Final[Mapping[Kind, tuple[File, ...]]] = {
    Kind.TEXT: (File(_NAME, _PRINT.encode()),),
    Kind.BINARY: (File(_NAME, _START.encode()),),
    Kind.SCRIPTS: (File(_NAME, _RUN.encode()),),
}


def compiles(files: Iterable[File]) -> bool:
    """Whether one of them compiles a multi-file program."""
    return any(file.name in _COMPILERS for file in files)


def started_by(family: Family) -> str:
    """The name of the file that is started."""
    return family.source_file if family.kind is Kind.SOURCE else _NAME


def source_name(language_id: int, submitted: Submission | None) -> str | None:
    """The name of the file that the client sent as its source; None if there is none."""
    family = BY_ID.get(language_id)
    if family is not None and family.kind is not Kind.SOURCE:
        return family.source_file or None
    return submitted.entrypoint if submitted else None


def is_ours(name: str) -> bool:
    """Whether the door itself added that file, or a script of its own made it."""
    return name.startswith(_OURS)
