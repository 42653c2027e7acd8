"""The options that describe a program, and the submission made from them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import click

from app.cli.options import Seconds, choice, pairs
from app.cli.terminal import escaped
from podline import Client, Language, Priority, Submission

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

_READABLE = click.Path(exists=True, dir_okay=False, path_type=Path)
_LIMITS: Final = {
    "wall_seconds": (Seconds(), "Wall time, in seconds."),
    "cpu_seconds": (Seconds(), "CPU time of all processes, in seconds."),
    "memory_mib": (int, "Memory of all processes, in MiB."),
    "stack_mib": (int, "Stack of the main thread, in MiB."),
    "processes": (int, "Processes and threads at once."),
    "output_kib": (int, "Output on each of stdout and stderr, in KiB."),
    "disk_mib": (int, "Files that the program may write, in MiB."),
}
_OF_COMPILER: Final = "compile_"
_TOO_MUCH: Final = 64 * 1024 * 1024
"""Bytes of one file."""

_OPTIONS: Final[Sequence[Decorator]] = (
    click.argument("file", type=_READABLE),
    click.option("--language", help="By default, it follows from the file's suffix."),
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
        for name, (kind, help) in _LIMITS.items()
    ),
    *(
        click.option(
            f"--compile-{name.replace('_', '-')}",
            f"{_OF_COMPILER}{name}",
            type=kind,
            help="The same limit for the compiler.",
        )
        for name, (kind, _) in _LIMITS.items()
    ),
)


def program_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add FILE and every option that describes a program."""
    return reduce(lambda decorated, option: option(decorated), reversed(_OPTIONS), command)


def submission_of(client: Client, options: dict[str, Any]) -> Submission:
    """Build the submission that the options describe."""
    main: Path = options["file"]
    submission = Submission(
        language=options["language"] or language_of(main, client.languages()),
        files=_files(main, options["files"]),
        entrypoint=main.name,
        args=options["args"],
        env=options["env"],
        labels=options["labels"],
        limits=_limits(options),
    )
    optional = {
        "version": options["version"],
        "stdin": options["stdin"] and _read(options["stdin"]),
        "compile_limits": _limits(options, _OF_COMPILER) or None,
        "compile_args": options["compile_args"] or None,
        "streams": "merged" if options["merge_streams"] else None,
        "buffering": options["buffering"],
        "expected_output": options["expected"] and _text_or_bytes(_read_file(options["expected"])),
        "artifacts": options["artifacts"] or None,
        "priority": options["priority"],
        "callback_url": options["callback_url"],
    }
    given = {name: value for name, value in optional.items() if value is not None}
    return cast(Submission, submission | given)


def _limits(options: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """Return the limits that were given for one stage."""
    given = {name: options[prefix + name] for name in _LIMITS}
    return {name: limit for name, limit in given.items() if limit is not None}


def language_of(file: Path, languages: Iterable[Language]) -> str:
    """Find the language by the file's suffix. Raises UsageError if it is ambiguous or unknown."""
    suffixes = {(suffix, lg.name) for lg in languages for suffix in _suffixes(lg)}
    names = sorted(name for suffix, name in suffixes if suffix == file.suffix)
    if len(names) == 1:
        return names[0]
    offered = ", ".join(names or sorted({name for _, name in suffixes}))
    raise click.UsageError(
        f"unknown language of {escaped(file.name)}: choose one with --language ({escaped(offered)})"
    )


def _suffixes(language: Language) -> Sequence[str]:
    """Return the language's suffixes, which an older service doesn't list."""
    return language.suffixes or (Path(language.source_name).suffix,)


def _files(main: Path, others: Iterable[Path]) -> dict[str, bytes]:
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
    return {name: _read_file(path) for name, path in named.items()}


def _read_file(path: Path) -> bytes:
    with path.open("rb") as file:
        return _read(file)


def _read(file: BinaryIO) -> bytes:
    """Read the file to its end, up to a bound: a device or pipe may have no end."""
    content = file.read(_TOO_MUCH)
    if len(content) == _TOO_MUCH:
        raise click.UsageError(f"{escaped(file.name)} is larger than any service accepts")
    return content


def _text_or_bytes(content: bytes) -> str | bytes:
    """Prefer text, which is compared without white space at the ends of lines."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content
