"""`podline events`: the event log."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Final

import click

from app.cli.command import service_command
from app.cli.event_filter import selects_events, type_shown
from app.cli.listing import COUNT, first
from app.cli.output import in_full, print_json, print_json_line, print_table
from app.cli.terminal import print_line
from podline import Client, Event

_LISTED: Final = 50


@click.command()
@click.argument("execution_id", metavar="[ID]", required=False)
@selects_events
@click.option("--limit", type=COUNT, help=f"[default: {_LISTED}; with --execution, all]")
@click.option(
    "--follow", "-f", is_flag=True, help="Show new events as they arrive, one in each line."
)
@service_command()
def events_command(
    client: Client,
    execution_id: str | None,
    since: datetime | None,
    until: datetime | None,
    types: Sequence[str],
    executions: Sequence[str],
    limit: int | None,
    follow: bool,
    as_json: bool,
) -> None:
    """Show events of all executions, oldest first, which needs an operator's key.

    With ID alone, show all events of that execution, for which its owner's key is enough. With
    --follow, start at --from, by default now, and continue until Ctrl-C.
    """
    if execution_id is not None:
        if not (follow or since or until or types or executions or limit):
            _print(client.events(execution_id), as_json)
            return
        executions = (*executions, execution_id)
    if follow:
        if until is not None:
            raise click.UsageError("--to can't be combined with --follow, which has no end")
        _follow(client.event_log.follow(since=since, types=types, executions=executions), as_json)
        return
    log = client.event_log.list(since=since, until=until, types=types, executions=executions)
    if executions:
        events = list(islice(log, limit))
    else:
        events = first(log, limit, _LISTED, which="oldest", as_json=as_json)
    _print(events, as_json)


def _print(events: Sequence[Event], as_json: bool) -> None:
    if as_json:
        print_json(events)
        return
    print_table(
        ("id", "type", "attempt", "owner", "age", "message"),
        [(e.id, *_facts(e), e.time, _message(e)) for e in events],
    )


def _follow(events: Iterable[Event], as_json: bool) -> None:
    for event in events:
        if as_json:
            print_json_line(event)
        else:
            facts = (in_full(event.time), event.id, *_facts(event), _message(event))
            print_line("  ".join(str(fact) for fact in facts if fact is not None))


def _facts(event: Event) -> tuple[object, ...]:
    """Type, attempt and owner. A record of the audit log names the owner of the key."""
    data = event.data
    return type_shown(event), data.get("attempt"), data.get("owner", data.get("name"))


def _message(event: Event) -> object:
    """Of a record of the audit log, what was done."""
    return event.data.get("message", event.data.get("action"))
