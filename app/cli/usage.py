"""`podline usage`."""

import click

from app.cli.command import service_command
from app.cli.output import print_json, print_table
from podline import Client

_DAY = "YYYY-MM-DD"


@click.command()
@click.option("--from", "first", metavar=_DAY, help="The first day (UTC).")
@click.option("--to", "last", metavar=_DAY, help="The last day (UTC); by default, today.")
@click.option("--owner", help="Another owner's usage, or * for that of each (operators).")
@service_command()
def usage_command(
    client: Client, first: str | None, last: str | None, owner: str | None, as_json: bool
) -> None:
    """Show what your executions used, by the day (UTC) on which they ended."""
    days = client.usage(first=first, last=last, owner=owner)
    if as_json:
        print_json(days)
    else:
        names = ("day", "owner", "executions", "CPU s", "stored bytes")
        rows = [
            (d.day, d.owner, d.executions, f"{d.cpu_seconds:.3f}", d.stored_bytes) for d in days
        ]
        shown = range(5) if owner == "*" else (0, 2, 3, 4)
        print_table(
            [names[column] for column in shown], [[row[column] for column in shown] for row in rows]
        )
