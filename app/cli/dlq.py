"""`podline dlq`: dead letters."""

from dataclasses import asdict
from datetime import datetime

import click

from app.cli.command import service_command
from app.cli.listing import first, limit_option
from app.cli.output import Due, print_facts, print_json, print_table
from app.cli.terminal import print_line
from podline import Client, DeadLetter

_LISTED = 50
_KINDS = ("task_error", "poison", "exhausted", "callback")
_STATUSES = ("waiting", "retrying", "resolved", "discarded", "archived")


@click.group()
def dlq_command() -> None:
    """Show, retry or discard dead letters. Needs an operator's key."""


@dlq_command.command("list")
@click.option("--status", type=click.Choice(_STATUSES))
@click.option("--kind", type=click.Choice(_KINDS))
@limit_option(_LISTED)
@service_command()
def list_letters(
    client: Client, status: str | None, kind: str | None, limit: int | None, as_json: bool
) -> None:
    """List dead letters, newest first."""
    found = client.dead_letters.list(status=status, kind=kind)
    letters = first(found, limit, _LISTED, which="newest", as_json=as_json)
    if as_json:
        print_json(letters)
    else:
        print_table(
            ("id", "status", "attempts", "age", "next retry", "error"),
            [
                (d.id, d.status, d.attempts, d.first_failed_at, _due(d.next_retry_at), d.error)
                for d in letters
            ],
        )


@dlq_command.command("show")
@click.argument("letter_id", metavar="ID")
@service_command()
def show_letter(client: Client, letter_id: str, as_json: bool) -> None:
    """Show one dead letter."""
    letter = client.dead_letters.get(letter_id)
    if as_json:
        print_json(letter)
    else:
        facts = asdict(letter).items()
        print_facts((name.replace("_", " "), value) for name, value in facts)


@dlq_command.command("retry")
@click.argument("letter_ids", metavar="ID...", nargs=-1, required=True)
@service_command()
def retry_letters(client: Client, letter_ids: tuple[str, ...], as_json: bool) -> None:
    """Retry dead letters now. A failed execution runs again as a new one."""
    _print_statuses([client.dead_letters.retry(letter_id) for letter_id in letter_ids], as_json)


@dlq_command.command("discard")
@click.argument("letter_ids", metavar="ID...", nargs=-1, required=True)
@service_command()
def discard_letters(client: Client, letter_ids: tuple[str, ...], as_json: bool) -> None:
    """Discard dead letters, so that they are never retried."""
    _print_statuses([client.dead_letters.discard(letter_id) for letter_id in letter_ids], as_json)


def _due(moment: datetime | None) -> Due | None:
    return None if moment is None else Due(moment)


def _print_statuses(letters: list[DeadLetter], as_json: bool) -> None:
    if as_json:
        print_json(letters)
    else:
        for letter in letters:
            print_line(f"{letter.id} {letter.status}")
