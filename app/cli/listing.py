"""Lists of which a command shows only the first items."""

import sys
from collections.abc import Callable, Iterable
from functools import partial
from itertools import islice
from typing import Any, Final, TypeVar

import click

from app.cli.terminal import print_line

T = TypeVar("T")

COUNT: Final = click.IntRange(1, sys.maxsize)
"""How many items: no list can have more."""


def limit_option(default: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add --limit, which is None unless it is given: see `first`."""
    return click.option("--limit", type=COUNT, help=f"[default: {default}]")


def first(
    found: Iterable[T], limit: int | None, default: int, *, which: str, as_json: bool
) -> list[T]:
    """Return the first items. Says at the end if there are more and nobody has set the limit.

    `which` says what they are, such as the newest. JSON is for programs, which read no hints.
    """
    items = iter(found)
    shown = list(islice(items, limit or default))
    if limit is None and not as_json and next(items, None) is not None:
        hint = f"podline: only the {which} {default} are shown; use --limit to see more"
        click.get_current_context().call_on_close(partial(print_line, hint, err=True))
    return shown
