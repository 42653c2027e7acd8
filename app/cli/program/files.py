"""Reads the files of a program."""

import os
import stat
import sys
from collections.abc import Iterable
from pathlib import Path
from select import select
from typing import BinaryIO, Final

import click

from app.cli.terminal import escaped, print_line

STDIN: Final = Path("-")
SILENCE: Final = 5.0
"""Seconds in which something must arrive in a pipe."""
_TOO_MUCH: Final = 64 * 1024 * 1024
"""Bytes of one file."""


def stdin_without_option(program: Path) -> BinaryIO | None:
    """Return this command's stdin if it is a file, or a pipe or socket in which something arrives.

    cron, CI and ssh may give a command a pipe that stays open without an end, so a silent one is
    not waited for.
    """
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError):  # closed, or replaced by an object without a descriptor
        return None
    is_pipe = stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
    if program == STDIN or not (is_pipe or stat.S_ISREG(mode)):
        return None
    if is_pipe and not select([sys.stdin], [], [], SILENCE)[0]:
        print_line(
            f"podline: nothing arrived on stdin for {SILENCE:g} s, so the program gets no input; "
            "to wait longer, use --stdin -",
            err=True,
        )
        return None
    return sys.stdin.buffer


def read_all(main: Path, others: Iterable[Path]) -> dict[str, bytes]:
    """Read the files. Names are relative to the program's folder; others are placed beside it."""
    folder = main.absolute().parent
    named = {main.name: main}
    for other in others:
        path = other.absolute()
        name = path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name
        if name in named and named[name].absolute() != path:
            both = f"{named[name]} and {other} would have the same name, {name}"
            raise click.UsageError(escaped(both))
        named[name] = other
    return {name: read_file(path) for name, path in named.items()}


def read_file(path: Path) -> bytes:
    with path.open("rb") as file:
        return read(file)


def read(file: BinaryIO) -> bytes:
    """Read the file to its end, up to a bound: a device or pipe may have no end."""
    content = file.read(_TOO_MUCH)
    if len(content) == _TOO_MUCH:
        raise click.UsageError(f"{escaped(file.name)} is larger than any service accepts")
    return content
