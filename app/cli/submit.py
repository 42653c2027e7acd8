"""`podline submit`: submits a program, or a file of programs, without waiting for them."""

from typing import Any

import click
from click.core import ParameterSource

from app.cli.batch import submit_file
from app.cli.command import service_command
from app.cli.output import print_json
from app.cli.program.options import program_arguments, program_options
from app.cli.program.submission import submission_of
from app.cli.terminal import print_line
from podline import Client

_WITH_BATCH = {"file", "batch", "wait", "idempotency_key", "as_json", "url", "key", "data_dir"}


@click.command()
@program_options
@program_arguments
@click.option("--idempotency-key", help="For 24 hours, the same key returns the same execution.")
@click.option(
    "--batch",
    is_flag=True,
    help="FILE has a program in each line: the JSON that the API's POST /api/v1/executions takes.",
)
@click.option("--wait", is_flag=True, help="With --batch: wait for all ends, and show progress.")
@service_command()
def submit_command(
    client: Client,
    /,
    idempotency_key: str | None,
    batch: bool,
    wait: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Submit the program FILE and print the execution's id; `podline watch ID` follows it.

    FILE `-` is this command's stdin.

    With --batch, submit many programs at once and print the id of each; with --json, a line of JSON
    for each. The exit code is 1 if any is refused.
    """
    if batch:
        _check_options(click.get_current_context())
        submit_file(
            client, options["file"], idempotency_key=idempotency_key, wait=wait, as_json=as_json
        )
        return
    if wait:
        raise click.UsageError("--wait needs --batch; `podline run` waits for a single program")
    submission = submission_of(client, options)
    execution = client.submit(idempotency_key=idempotency_key, **submission)
    if as_json:
        print_json(execution)
    else:
        print_line(execution.id)


def _check_options(context: click.Context) -> None:
    """Each line of a batch describes its program wholly."""
    for option in context.command.params:
        name = option.name or ""
        given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if given and name not in _WITH_BATCH:
            if name == "more_args":
                raise click.UsageError("--batch takes one file; set args in each of its lines")
            raise click.UsageError(
                f"{option.opts[0]} can't be combined with --batch: set it in each line"
            )
