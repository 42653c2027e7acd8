"""`podline submit`: submits a program without waiting for it."""

from typing import Any

import click

from app.cli.command import service_command
from app.cli.output import print_json
from app.cli.program import program_options, submission_of
from app.cli.terminal import print_line
from podline import Client


@click.command()
@program_options
@click.option("--idempotency-key", help="For 24 hours, the same key returns the same execution.")
@service_command()
def submit_command(
    client: Client, /, idempotency_key: str | None, as_json: bool, **options: Any
) -> None:
    """Submit the program FILE and print the execution's id; `podline watch ID` follows it."""
    submission = submission_of(client, options)
    execution = client.submit(idempotency_key=idempotency_key, **submission)
    if as_json:
        print_json(execution)
    else:
        print_line(execution.id)
