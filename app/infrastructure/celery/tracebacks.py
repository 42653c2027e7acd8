"""Where an error was raised, as text for people who repair the service.

Python's own text contains the messages of all errors of the chain, which may quote what a user
sent. This one has classes, files, lines and functions only.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from traceback import StackSummary, walk_tb
from typing import Final

FRAMES: Final = 30
"""Of each error: those next to where it was raised."""
ERRORS: Final = 5
"""Of a chain: the last ones."""


def traceback_of(error: BaseException) -> str:
    """The frames of the error, after those of the errors that led to it, oldest first."""
    return "\n\n".join(map(_described, reversed(list(_chain(error)))))


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in seen and len(seen) < ERRORS:
        seen.append(following)
        yield following
        hidden = following.__suppress_context__
        following = following.__cause__ or (None if hidden else following.__context__)


def _described(error: BaseException) -> str:
    frames = StackSummary.extract(walk_tb(error.__traceback__), limit=-FRAMES, lookup_lines=False)
    lines = [f"{_short(each.filename)}:{each.lineno} in {each.name}" for each in frames]
    return "\n".join([*lines, type(error).__name__])


def _short(filename: str) -> str:
    """The path below the folder that Python imported it from, which only this machine has."""
    path = Path(filename)
    folders = [Path(entry) for entry in sys.path if entry and path.is_relative_to(entry)]
    return str(path.relative_to(max(folders, key=lambda folder: len(folder.parts), default="/")))
