"""Options that select events of the log."""

from collections.abc import Callable, Sequence
from datetime import datetime

import click

from app.cli.options import choice
from podline import State


def selects_events(command: Callable[..., None]) -> Callable[..., None]:
    """Add --from, --to, --type and --execution as since, until, types and executions."""
    for option in (
        click.option(
            "--execution",
            "executions",
            multiple=True,
            metavar="ID",
            help="An execution; may be repeated.",
        ),
        click.option(
            "--type",
            "types",
            multiple=True,
            type=choice(State),
            callback=_event_types,
            help="The state that the event leads to; may be repeated.",
        ),
        click.option("--to", "until", callback=_moment, metavar="TIME", help="The end, exclusive."),
        click.option(
            "--from",
            "since",
            callback=_moment,
            metavar="TIME",
            help="The start, such as 2026-01-02T03:04; local time unless it has a time zone.",
        ),
    ):
        command = option(command)
    return command


def _moment(ctx: click.Context, param: click.Parameter, value: str | None) -> datetime | None:
    try:
        return None if value is None else datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(
            f"{value!r} is not a time such as 2026-01-02T03:04 or 2026-01-02T03:04:05Z", ctx, param
        ) from None


def _event_types(
    ctx: click.Context,  # noqa: ARG001  # click's signature
    param: click.Parameter,  # noqa: ARG001  # click's signature
    states: Sequence[str],
) -> list[str]:
    return [f"podline.execution.{state}.v1" for state in states]
