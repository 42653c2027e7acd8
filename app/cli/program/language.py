"""The language of a program that doesn't name one."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import click

from app.cli.program.files import STDIN
from app.cli.terminal import escaped
from podline import Language

_SHEBANG: Final = re.compile(
    rb"#!\s*(?:\S*/)?(?:env\s+(?:-S\s+)?(?:\S*/)?)?(?P<name>[A-Za-z][A-Za-z+_-]*)[0-9.]*(?=\s|$)"
)


def language_of(file: Path, languages: Iterable[Language], content: bytes = b"") -> str:
    """Find the language by the file's suffix, or by its `#!` line. Raises UsageError."""
    languages = tuple(languages)
    suffixes = {(suffix, lg.name) for lg in languages for suffix in _suffixes(lg)}
    names = sorted({name for suffix, name in suffixes if suffix.lower() == file.suffix.lower()})
    if not names:
        interpreter = _interpreter(content)
        names = sorted({lg.name for lg in languages if interpreter in (lg.name, *lg.aliases)})
    if len(names) == 1:
        return names[0]
    offered = ", ".join(names or sorted({name for _, name in suffixes}))
    what = "the program from stdin" if file == STDIN else file.name
    raise click.UsageError(
        f"unknown language of {escaped(what)}: choose one with --language ({escaped(offered)})"
    )


def _interpreter(content: bytes) -> str | None:
    """Return `python` for `#!/usr/bin/env python3.11`."""
    found = _SHEBANG.match(content)
    return found["name"].decode() if found else None


def _suffixes(language: Language) -> Sequence[str]:
    """Return the language's suffixes, which an older service doesn't list."""
    return language.suffixes or (Path(language.source_name).suffix,)
