"""The options that describe a program, and the submission made from them."""

import os
import re
import stat
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import click

from app.cli.options import Seconds, choice, pairs
from app.cli.terminal import escaped
from podline import Client, Language, Priority, Submission

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

_FILE: Final[Mapping[str, Any]] = {"exists": True, "dir_okay": False, "path_type": Path}
_READABLE = click.Path(**_FILE)
_STDIN: Final = Path("-")
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
_SHEBANG: Final = re.compile(
    rb"#!\s*(?:\S*/)?(?:env\s+(?:-S\s+)?(?:\S*/)?)?(?P<name>[A-Za-z][A-Za-z+_-]*)[0-9.]*(?=\s|$)"
)
_TOO_MUCH: Final = 64 * 1024 * 1024
"""Bytes of one file."""

_OPTIONS: Final[Sequence[Decorator]] = (
    click.argument("file", type=click.Path(**_FILE, allow_dash=True)),
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


def program_arguments(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the program's own arguments, which follow FILE, or `--` if they look like options."""
    return click.argument("more_args", metavar="[-- ARG...]", nargs=-1)(command)


def submission_of(client: Client, options: dict[str, Any]) -> Submission:
    """Build the submission that the options describe."""
    main, files, language = _program(client, options)
    submission = Submission(
        language=language,
        files=files,
        entrypoint=main,
        args=(*options["args"], *options.get("more_args", ())),
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


def _program(client: Client, options: Mapping[str, Any]) -> tuple[str, dict[str, bytes], str]:
    """Return the entry point's name, all files and the language."""
    main: Path = options["file"]
    if main == _STDIN:
        return _program_from_stdin(client, options)
    files = _files(main, options["files"])
    language = options["language"] or language_of(main, client.languages(), files[main.name])
    return main.name, files, language


def _program_from_stdin(
    client: Client, options: Mapping[str, Any]
) -> tuple[str, dict[str, bytes], str]:
    """Name the program as its language does. The other files are placed beside it."""
    if options["stdin"] is sys.stdin.buffer:
        raise click.UsageError("stdin can't be both the program and its input")
    source, languages = _read(sys.stdin.buffer), client.languages()
    language: str = options["language"] or language_of(_STDIN, languages, source)
    known = (lg.source_name for lg in languages if language in (lg.name, *lg.aliases))
    main = next(known, "main")
    others = {path.name: _read_file(path) for path in options["files"]}
    if main in others:
        raise click.UsageError(f"the program from stdin would have the same name, {main}")
    return main, {main: source} | others, language


def stdin_from_file(program: Path) -> BinaryIO | None:
    """Return this command's stdin if it is a file. A pipe may stay open without an end."""
    try:
        is_file = stat.S_ISREG(os.fstat(sys.stdin.fileno()).st_mode)
    except (OSError, ValueError):  # closed, or replaced by an object without a descriptor
        return None
    return sys.stdin.buffer if is_file and program != _STDIN else None


def _limits(options: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """Return the limits that were given for one stage."""
    given = {name: options[prefix + name] for name in _LIMITS}
    return {name: limit for name, limit in given.items() if limit is not None}


def language_of(file: Path, languages: Iterable[Language], content: bytes = b"") -> str:
    """Find the language by the file's suffix, or by its `#!` line. Raises UsageError."""
    languages = tuple(languages)
    suffixes = {(suffix, lg.name) for lg in languages for suffix in _suffixes(lg)}
    names = sorted(name for suffix, name in suffixes if suffix == file.suffix)
    if not names:
        interpreter = _interpreter(content)
        names = sorted({lg.name for lg in languages if interpreter in (lg.name, *lg.aliases)})
    if len(names) == 1:
        return names[0]
    offered = ", ".join(names or sorted({name for _, name in suffixes}))
    what = "the program from stdin" if file == _STDIN else file.name
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
