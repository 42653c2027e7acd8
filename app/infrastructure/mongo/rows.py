"""Converts documents of executions and events to domain values and back."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any, Final, TypeVar

from app.domain.callback import Callback
from app.domain.execution import Event, Execution
from app.infrastructure import codec
from app.infrastructure.mongo.documents import ExecutionDocument
from app.infrastructure.readable import readable

V = TypeVar("V")

STORED_AS: Final[Mapping[str, str]] = {
    field.name: getattr(ExecutionDocument, field.name).db_field for field in fields(Execution)
}
"""The name in MongoDB of each field of an execution."""


def read_all(read: Callable[[Any], V], found: Iterable[Any]) -> list[V]:
    """Convert the rows or documents, and leave those of a newer release to its own parts."""
    named = ((each["_id"] if isinstance(each, dict) else each.id, each) for each in found)
    return [value for _, value in readable(read, named, "{} in MongoDB")]


def from_execution(execution: Execution) -> dict[str, Any]:
    values: dict[str, Any] = codec.EXECUTION.dump_python(execution, mode="json")
    values["labels"] = [to_label(key, value) for key, value in execution.labels.items()]
    values["wrong_runs"] = from_indices(execution.wrong_runs)
    return values | from_callback(execution.callback)


def from_indices(indices: Sequence[int] | None) -> str | None:
    return None if indices is None else json.dumps(indices)


def from_callback(callback: Callback | None) -> dict[str, Any]:
    """The two fields of a callback."""
    if callback is None:
        return {"callback": None, "callback_at": None}
    stored = codec.CALLBACK.dump_json(callback).decode()
    return {"callback": stored, "callback_at": callback.next_at}


def to_execution(row: Mapping[str, Any]) -> Execution:
    """Convert a row as returned by `as_pymongo`.

    Executions are read often. To make a document of a row takes 0.29 ms; this takes 0.012 ms.
    """
    values = {name: row[stored] for name, stored in STORED_AS.items() if stored in row}
    values["labels"] = dict(json.loads(label) for label in row.get("labels", ()))
    for name in ("callback", "wrong_runs"):
        if stored := values.get(name):
            values[name] = json.loads(stored)
    return codec.EXECUTION.validate_python({"next_action_at": None, **values})


def to_label(key: str, value: str) -> str:
    return json.dumps([key, value])


def from_event(event: Event) -> dict[str, Any]:
    return {"type": event.type, "time": event.time, "data": json.dumps(event.data)}


def to_events(row: Any, after_version: int) -> list[Event]:
    events = sorted((int(version), event) for version, event in row.events.items())
    return [
        Event(row.id, version, event["type"], event["time"], json.loads(event["data"]))
        for version, event in events
        if version > after_version
    ]
