"""`podline run`: runs a program as if it ran here."""

import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click

from app.cli.command import service_command
from app.cli.failure import RunFailure, explained
from app.cli.left_out import described
from app.cli.process import Stopped, stops_raised
from app.cli.program.files import stdin_without_option
from app.cli.program.options import program_arguments, program_options
from app.cli.program.submission import submission_of
from app.cli.terminal import print_line
from app.cli.watch import follow, raw_option
from podline import Client, Conflict, PodlineError, Submission


@click.command()
@program_options
@program_arguments
@click.option(
    "--save",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Save the files of --artifact here.",
)
@raw_option
@service_command(failure=RunFailure)
def run_command(
    client: Client, /, save: Path | None, raw: bool, as_json: bool, **options: Any
) -> None:
    """Run the program FILE, show its output, and exit with its exit code.

    FILE `-` is this command's stdin.

    If a signal ended the program, the exit code is 128 plus its number. If the program did not
    end by itself: 118 cancelled, 119 the service could not run it, 120 not the expected output,
    121 does not compile, 122 memory limit, 123 output limit, 124 time limit, 125 the service
    can't be reached or refuses, or output can't be written. Ctrl-C (130), SIGTERM (143),
    SIGHUP (129) and a closed reader of the output (141) cancel the execution.
    """
    if save and not options["artifacts"]:
        raise click.UsageError("--save needs --artifact, which says what to save")
    try:
        with stops_raised():
            options["stdin"] = options["stdin"] or stdin_without_option(options["file"])
            submission = submission_of(client, options)
            with cancelled_if_broken_off(client, submission) as execution_id:
                code = follow(client, execution_id, raw=raw, as_json=as_json)
            if options["artifacts"]:
                _take_artifacts(client, execution_id, save)
    except Stopped as stopped:
        code = stopped.exit_code
    sys.exit(code)


def _take_artifacts(client: Client, execution_id: str, folder: Path | None) -> None:
    """Save what was kept, and say what was not."""
    execution = client.get(execution_id)
    if folder is not None:
        client.save_artifacts(execution, folder)
    for each in execution.result.artifacts_left_out if execution.result else ():
        _say(f"not kept: {described(each)}")


@contextmanager
def cancelled_if_broken_off(client: Client, submission: Submission) -> Iterator[str]:
    """Submit the program, and cancel it on a signal or if its output can't be written."""
    key, execution_id = str(uuid.uuid4()), None
    try:
        execution_id = client.submit(idempotency_key=key, **submission).id
        yield execution_id
    except (Stopped, OSError):
        with suppress(Stopped):  # a second signal ends this, too
            _say(_cancel(client, execution_id, key, submission))
        raise


def _cancel(
    client: Client, execution_id: str | None, key: str, submission: Submission
) -> str | None:
    """Cancel the execution and return the line to print. Without an id, the key finds it."""
    try:
        execution_id = execution_id or client.submit(idempotency_key=key, **submission).id
        client.cancel(execution_id)
    except Conflict:
        return None  # it ended meanwhile
    except PodlineError as error:
        return f"execution {execution_id or '(id unknown)'} may still run: {explained(error)}"
    return f"execution {execution_id} was cancelled"


def _say(line: str | None) -> None:
    if line is not None:
        print_line(f"podline: {line}", err=True)
