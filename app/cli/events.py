"""`podline events`: the event log."""

from collections.abc import Sequence
from datetime import datetime
from itertools import islice

import click

from app.cli.command import service_command
from app.cli.event_filter import selects_events
from app.cli.output import print_json, print_table
from podline import Client


@click.command()
@selects_events
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@service_command()
def events_command(
    client: Client,
    since: datetime | None,
    until: datetime | None,
    types: Sequence[str],
    executions: Sequence[str],
    limit: int,
    as_json: bool,
) -> None:
    """Show events, oldest first. Needs an operator's key."""
    log = client.event_log.list(since=since, until=until, types=types, executions=executions)
    events = list(islice(log, limit))
    if as_json:
        print_json(events)
        return
    print_table(
        ("id", "state", "attempt", "owner", "age", "message"),
        [
            (e.id, *map(e.data.get, ("state", "attempt", "owner")), e.time, e.data.get("message"))
            for e in events
        ],
    )
