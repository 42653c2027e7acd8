"""The whole history of one execution, as text."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from app.domain.execution import SECOND, Event
from tests.chaos.found import Found

_LINES: Final = 300
"""Of logs, at most."""


def history(found: Found, log_lines: Sequence[str] = ()) -> str:
    """Return its row, transitions, events, results, callbacks, and what logs say about it."""
    return "\n".join(_parts(found, log_lines))


def _parts(found: Found, log_lines: Sequence[str]) -> Iterator[str]:
    yield f"=== {found.id}"
    if found.accepted is not None:
        sample = found.accepted.sample
        asked = ", and cancelled by its client" if found.accepted.cancelled else ""
        yield f"accepted: program {sample.number} of {found.accepted.owner}, {sample.kind}{asked}"
    else:
        yield "no client was told of it"
    yield from _row(found)
    yield f"events of the row: {len(found.events)}"
    yield from map(_event, found.events)
    yield f"events of the log: {[event.version for event in found.logged]}"
    of_row = set(map(repr, found.events))
    yield from (_event(event) for event in found.logged if repr(event) not in of_row)
    yield f"results: {list(found.results)}"
    yield f"blobs: lost {list(found.blobs_lost)}, unnamed {list(found.blobs_unnamed)}"
    yield f"callbacks: {[str(sent.state) for sent in found.callbacks]}"
    yield from (f"dead letter: {letter}" for letter in found.letters)
    if found.shown is not None:
        yield f"the API shows: {found.shown.state}, {found.shown.outcome}, {found.shown.message}"
    yield f"log lines: {len(log_lines)}"
    yield from log_lines[:_LINES]


def _row(found: Found) -> Iterator[str]:
    if found.row is None:
        yield "no row"
        return
    yield "row:"
    for field in fields(found.row):
        value = getattr(found.row, field.name)
        if field.name.endswith("_at") and value is not None:
            value = _time(value)
        if value not in (None, {}, ()):
            yield f"  {field.name}: {value}"


def _event(event: Event) -> str:
    facts = {
        name: event.data[name]
        for name in ("previous", "state", "attempt", "message", "outcome", "result_id")
        if event.data.get(name) is not None
    }
    return f"  {event.version} at {_time(event.time)}: {facts}"


def _time(time: int) -> str:
    return datetime.fromtimestamp(time / SECOND, UTC).isoformat()


def lines_about(id: str, logs: Iterable[Path]) -> list[str]:
    """Return the lines of the logs that name an execution or one of its pods."""
    wanted = (id, id.lower())
    return [
        f"  {log.name}: {line.rstrip()}"
        for log in logs
        if log.is_file()
        for line in log.read_text(errors="replace").splitlines()
        if any(name in line for name in wanted)
    ]
