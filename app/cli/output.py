"""What commands print on stdout: JSON for programs, tables for people."""

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime
from typing import Final

from app.cli.terminal import escaped, escaped_json, print_text

_UNLIMITED: Final = 100_000
"""Characters in a line."""


@dataclass(frozen=True, slots=True)
class Due:
    """The time at which something is due, for a table cell."""

    moment: datetime


def print_json(value: object) -> None:
    """Print the value in the API's format."""
    document = json.dumps(_plain(value), indent=2, ensure_ascii=False)
    print_text(escaped_json(document) + "\n", sys.stdout)


def print_json_line(value: object) -> None:
    """Print the value in the API's format, in one line."""
    document = json.dumps(_plain(value), ensure_ascii=False)
    print_text(escaped_json(document) + "\n", sys.stdout)


def _plain(value: object) -> object:
    match value:
        case datetime():
            return value.isoformat(timespec="microseconds").replace("+00:00", "Z")
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
    if is_dataclass(value):
        # The metadata names fields that have another name in the API.
        named = {f.metadata.get("name", f.name): getattr(value, f.name) for f in fields(value)}
        return _plain(named)
    return value


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print aligned columns. The first is never wrapped; without a terminal, no column is."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=any(columns))
    for number, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=number == 0)
    for row in rows:
        table.add_row(*(Text(escaped(_cell(value))) for value in row))
    console = Console(width=None if sys.stdout.isatty() else _UNLIMITED)
    # Rich itself would end the process on a broken pipe.
    with console.capture() as printed:
        console.print(table)
    # Rich fills the last column, so one long value would widen every line.
    print_text(re.sub(" +\n", "\n", printed.get()), sys.stdout)


def print_facts(facts: Iterable[tuple[str, object]]) -> None:
    """Print one name and value per line, with times in full."""
    print_table(("", ""), [(name, in_full(value)) for name, value in facts])


def in_full(value: object) -> object:
    """Format a time in full, as local time."""
    return f"{_local(value):%Y-%m-%d %H:%M:%S}" if isinstance(value, datetime) else value


def _local(moment: datetime) -> datetime:
    try:
        return moment.astimezone()
    except OverflowError:
        return moment  # in the year 1 or 9999


def _cell(value: object) -> str:
    match value:
        case None:
            return "-"
        case datetime():
            return _from_now(value)
        case Due(moment):
            return (
                f"{_from_now(moment)} overdue" if moment < datetime.now(UTC) else _from_now(moment)
            )
        case Mapping():
            return " ".join(f"{key}={item}" for key, item in value.items())
    return str(value)


def _from_now(moment: datetime) -> str:
    """Format how long ago, or in how long: 12s, 3m, 2h, in 5d."""
    seconds = (datetime.now(UTC) - moment).total_seconds()
    return f"in {_span(-seconds)}" if seconds < 0 else _span(seconds)


def _span(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size:.0f}{unit}"
    return f"{seconds:.0f}s"
