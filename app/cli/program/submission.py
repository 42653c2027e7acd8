"""The submission that the options of a program describe."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import click

from app.cli.program.files import STDIN, read, read_all, read_file
from app.cli.program.language import language_of
from app.cli.program.options import LIMITS, OF_COMPILER
from app.cli.terminal import escaped
from podline import Client, InvalidArgument, Submission, read_program
from podline.sources import text_if_utf8


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
        "stdin": options["stdin"] and read(options["stdin"]),
        "compile_limits": _limits(options, OF_COMPILER) or None,
        "compile_args": options["compile_args"] or None,
        "streams": "merged" if options["merge_streams"] else None,
        "buffering": options["buffering"],
        "expected_output": options["expected"] and text_if_utf8(read_file(options["expected"])),
        "artifacts": options["artifacts"] or None,
        "priority": options["priority"],
        "callback_url": options["callback_url"],
    }
    given = {name: value for name, value in optional.items() if value is not None}
    return cast(Submission, submission | given)


def _program(client: Client, options: Mapping[str, Any]) -> tuple[str, dict[str, bytes], str]:
    """Return the entry point's name, all files and the language."""
    main: Path = options["file"]
    if main == STDIN:
        return _program_from_stdin(client, options)
    files, entrypoint = _files(main, options)
    known = options["language"]
    language = known or language_of(Path(entrypoint), client.languages(), files[entrypoint])
    return entrypoint, files, language


def _files(main: Path, options: Mapping[str, Any]) -> tuple[dict[str, bytes], str]:
    """Return all files, and the entrypoint's name."""
    entrypoint: str | None = options["entrypoint"]
    if not main.is_dir():
        if entrypoint is not None:
            raise click.UsageError("--entrypoint needs a folder; a file is itself the entrypoint")
        return read_all(main, options["files"]), main.name
    if options["files"]:
        raise click.UsageError("--file can't be combined with a folder: put the file there")
    try:
        return read_program(main, entrypoint)
    except InvalidArgument as error:
        raise click.UsageError(escaped(_hinted(error, "as the entrypoint"))) from None


def _hinted(error: InvalidArgument, asked: str) -> str:
    """Name the option by which the command line says what the client asks for."""
    return f"{error} with --entrypoint" if str(error).endswith(asked) else str(error)


def _program_from_stdin(
    client: Client, options: Mapping[str, Any]
) -> tuple[str, dict[str, bytes], str]:
    """Name the program as its language does. The other files are placed beside it."""
    if options["entrypoint"] is not None:
        raise click.UsageError("--entrypoint needs a folder")
    if options["stdin"] is sys.stdin.buffer:
        raise click.UsageError("stdin can't be both the program and its input")
    source, languages = read(sys.stdin.buffer), client.languages()
    language: str = options["language"] or language_of(STDIN, languages, source)
    known = (lg.source_name for lg in languages if language in (lg.name, *lg.aliases))
    main = next(known, "main")
    others = {path.name: read_file(path) for path in options["files"]}
    if main in others:
        raise click.UsageError(f"the program from stdin would have the same name, {main}")
    return main, {main: source} | others, language


def _limits(options: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """Return the limits that were given for one stage."""
    given = {name: options[prefix + name] for name in LIMITS}
    return {name: limit for name, limit in given.items() if limit is not None}
