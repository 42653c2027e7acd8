"""Options that select events of the log."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import click

from podline import Event, State

_AUDIT: Final = "audit"
_AUDIT_EVENT: Final = "podline.audit.recorded.v1"


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
            type=click.Choice([*(state.value for state in State), _AUDIT]),
            callback=_event_types,
            help="The state that the event leads to, or audit for records of the audit log; "
            "may be repeated.",
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
    given: Sequence[str],
) -> list[str]:
    return [_AUDIT_EVENT if name == _AUDIT else f"podline.execution.{name}.v1" for name in given]


def type_shown(event: Event) -> object:
    """The word by which the event is selected: the state, or `audit`."""
    return _AUDIT if event.type == _AUDIT_EVENT else event.data.get("state")
