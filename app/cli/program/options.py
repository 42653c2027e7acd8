"""The options that describe a program."""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import Any, Final

import click

from app.cli.options import Seconds, choice, pairs
from podline import Priority

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

LIMITS: Final = {
    "wall_seconds": (Seconds(), "Wall time, in seconds."),
    "cpu_seconds": (Seconds(), "CPU time of all processes, in seconds."),
    "memory_mib": (int, "Memory of all processes, in MiB."),
    "stack_mib": (int, "Stack of the main thread, in MiB."),
    "processes": (int, "Processes and threads at once."),
    "output_kib": (int, "Output on each of stdout and stderr, in KiB."),
    "disk_mib": (int, "Files that the program may write, in MiB."),
}
OF_COMPILER: Final = "compile_"
"""The prefix of the compiler's limits."""

_FILE: Final[Mapping[str, Any]] = {"exists": True, "dir_okay": False, "path_type": Path}
_READABLE = click.Path(**_FILE)

_OPTIONS: Final[Sequence[Decorator]] = (
    click.argument("file", type=click.Path(exists=True, allow_dash=True, path_type=Path)),
    click.option(
        "--entrypoint", metavar="NAME", help="If FILE is a folder: which of its files to start."
    ),
    click.option("--language", help="By default, from the file's suffix or its `#!` line."),
    click.option("--version", help="The language's version; by default, the newest."),
    click.option(
        "--stdin",
        type=click.File("rb"),
        metavar="FILE",
        help="A file for stdin; `-` for this command's stdin.",
    ),
    click.option(
        "--arg", "args", multiple=True, metavar="TEXT", help="An argument; may be repeated."
    ),
    click.option(
        "--compile-arg",
        "compile_args",
        multiple=True,
        metavar="TEXT",
        help="An argument for the compiler; may be repeated.",
    ),
    click.option(
        "--env",
        multiple=True,
        callback=pairs,
        metavar="NAME=VALUE",
        help="An environment variable; may be repeated.",
    ),
    click.option(
        "--file", "files", multiple=True, type=_READABLE, help="Another file; may be repeated."
    ),
    click.option("--expected", type=_READABLE, help="A file with the expected stdout."),
    click.option(
        "--buffering",
        type=click.Choice(["line", "block"]),
        help="Print each line immediately, or leave it to the language.",
    ),
    click.option(
        "--merge-streams", is_flag=True, help="Use one pipe for stdout and stderr, in exact order."
    ),
    click.option(
        "--artifact",
        "artifacts",
        multiple=True,
        metavar="PATTERN",
        help="Files to keep, such as 'out/*.png'; may be repeated.",
    ),
    click.option("--priority", type=choice(Priority)),
    click.option(
        "--callback-url", metavar="URL", help="A URL that is sent the execution once it has ended."
    ),
    click.option(
        "--label",
        "labels",
        multiple=True,
        callback=pairs,
        metavar="NAME=VALUE",
        help="A label to find the execution by; may be repeated.",
    ),
    *(
        click.option(f"--{name.replace('_', '-')}", name, type=kind, help=help)
        for name, (kind, help) in LIMITS.items()
    ),
    *(
        click.option(
            f"--compile-{name.replace('_', '-')}",
            f"{OF_COMPILER}{name}",
            type=kind,
            help="The same limit for the compiler.",
        )
        for name, (kind, _) in LIMITS.items()
    ),
)


def program_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add FILE and every option that describes a program."""
    return reduce(lambda decorated, option: option(decorated), reversed(_OPTIONS), command)


def program_arguments(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the program's own arguments, which follow FILE, or `--` if they look like options."""
    return click.argument("more_args", metavar="[-- ARG...]", nargs=-1)(command)
