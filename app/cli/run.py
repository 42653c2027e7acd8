"""`podline run`: as if the program ran here."""

import sys
from typing import Any

import click

from app.cli.command import speaks_to_service
from app.cli.exit_codes import INTERRUPTED
from app.cli.failure import RunFailure
from app.cli.program import program_options, submission_of
from app.cli.watch import follow
from podline import Client, Conflict


@click.command()
@program_options
@speaks_to_service(failure=RunFailure)
def run_command(client: Client, /, as_json: bool, **options: Any) -> None:
    """Run the program FILE, with its output here and its exit code as this command's own.

    A signal gives 128 and its number. Where the program did not end by itself: 118 cancelled,
    119 the service could not run it, 120 not the expected output, 121 does not compile,
    122 memory limit, 123 output limit, 124 time limit, 125 the service can't be reached or
    refuses, 130 Ctrl-C, which cancels the execution.
    """
    execution = client.submit(**submission_of(client, options))
    try:
        code = follow(client, execution.id, as_json)
    except KeyboardInterrupt:
        _cancel(client, execution.id)
        code = INTERRUPTED
    except BrokenPipeError:
        _cancel(client, execution.id)
        raise  # nobody reads the output any more
    sys.exit(code)


def _cancel(client: Client, execution_id: str) -> None:
    try:
        client.cancel(execution_id)
    except Conflict:
        return  # it ended meanwhile
    click.echo(f"podline: execution {execution_id} was cancelled", err=True)
