"""`podline replay`: replays of the event log."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Final

import click

from app.cli.command import service_command
from app.cli.event_filter import selects_events
from app.cli.listing import first, limit_option
from app.cli.options import choice
from app.cli.output import print_facts, print_json, print_table
from app.cli.terminal import print_line
from podline import Client, Replay, ReplayMode

_LISTED: Final = 20


@click.group()
def replay_command() -> None:
    """Replay events from the log. Needs an operator's key."""


@replay_command.command("start")
@click.argument("mode", type=choice(ReplayMode))
@click.option(
    "--target", help="reemit: a topic. rebuild: sqlite:///NAME.db or mongodb://HOST/NAME."
)
@selects_events
@click.option("--dry-run", is_flag=True, help="Only count; change nothing.")
@service_command()
def start_replay(
    client: Client,
    mode: str,
    target: str | None,
    since: datetime | None,
    until: datetime | None,
    types: Sequence[str],
    executions: Sequence[str],
    dry_run: bool,
    as_json: bool,
) -> None:
    """Start a replay and print its id.

    A replay re-emits events to a topic, rebuilds rows, or resubmits programs. Without a filter, it
    covers the whole log; resubmit needs a filter.
    """
    if mode == ReplayMode.RESUBMIT and not (since or until or types or executions):
        raise click.UsageError(
            "resubmit needs --from, --to, --type or --execution: "
            "without a filter, every program in the log would run again"
        )
    replay = client.replays.start(
        mode,
        target=target,
        since=since,
        until=until,
        types=types,
        executions=executions,
        dry_run=dry_run,
    )
    if as_json:
        print_json(replay)
    else:
        print_line(replay.id)


@replay_command.command("list")
@limit_option(_LISTED)
@service_command()
def list_replays(client: Client, limit: int | None, as_json: bool) -> None:
    """List replays, newest first."""
    replays = first(client.replays.list(), limit, _LISTED, which="newest", as_json=as_json)
    if as_json:
        print_json(replays)
    else:
        print_table(
            ("id", "mode", "status", "done", "skipped", "age", "by"),
            [
                (r.id, _mode(r), r.status, r.done, r.skipped or None, r.created_at, r.requested_by)
                for r in replays
            ],
        )


@replay_command.command("show")
@click.argument("replay_id", metavar="ID")
@service_command()
def show_replay(client: Client, replay_id: str, as_json: bool) -> None:
    """Show one replay and its progress."""
    replay = client.replays.get(replay_id)
    if as_json:
        print_json(replay)
    else:
        facts = asdict(replay).items()
        print_facts((name.replace("_", " "), value) for name, value in facts if _is_said(value))


@replay_command.command("cancel")
@click.argument("replay_ids", metavar="ID...", nargs=-1, required=True)
@service_command()
def cancel_replays(client: Client, replay_ids: tuple[str, ...], as_json: bool) -> None:
    """Cancel replays. What they have done stays done."""
    cancelled = [client.replays.cancel(replay_id) for replay_id in replay_ids]
    if as_json:
        print_json(cancelled)
    else:
        for replay in cancelled:
            print_line(f"{replay.id} {replay.status}")


def _mode(replay: Replay) -> str:
    return f"{replay.mode}, dry run" if replay.dry_run else replay.mode


def _is_said(value: object) -> bool:
    return value not in (None, {}, ())
