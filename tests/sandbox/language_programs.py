"""One real program per language, all with the same task, and the output it must print.

`programs/<language>/` contains the program, in several files, and `broken`, which doesn't compile.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from app.domain.submission import File

FOLDER: Final = Path(__file__).with_name("programs")

ARGUMENTS: Final = ("plain", "two words", "", "-x", "größe $HOME `id`\n;'\"")
WORD: Final = "日本"
STDIN: Final = "größe a b a\nžluťoučký größe a\n".encode()
STDOUT: Final = "".join(f"[{argument}]\n" for argument in ARGUMENTS) + (
    f"{WORD}\n2 größe\n3 a\n1 b\n1 žluťoučký\ntotal 7\n"
)
STDERR: Final = bytes(range(256))

FAIL: Final = "fail"
"""As its first argument: print `before`, and end as a mistake in that language does."""
BEFORE: Final = b"before\n"
HOW_IT_FAILS: Final[Mapping[str, int | str]] = {
    "python": 1,
    "javascript": 1,
    "typescript": 1,
    "c": "SIGABRT",
    "cpp": "SIGABRT",
    "java": 1,
    "go": 2,
    "rust": 101,
    "ruby": 1,
    "php": 255,
    "perl": 255,
    "bash": 1,
    "lua": 1,
    "r": 1,
}
"""Its exit code, or the name of its signal."""


def files_of(language: str) -> tuple[File, ...]:
    folder = FOLDER / language
    return tuple(
        File(str(path.relative_to(folder)), path.read_bytes())
        for path in sorted(folder.rglob("*.*"))
    )


def broken(language: str) -> bytes:
    return (FOLDER / language / "broken").read_bytes()
