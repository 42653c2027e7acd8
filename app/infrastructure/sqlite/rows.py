"""Converts rows of the executions and events tables to domain values and back."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any, Final

from app.domain.callback import Callback
from app.domain.execution import CHANGED_BY_TRANSITION, Event, Execution
from app.infrastructure import codec

SPEC: Final = (
    "labels",
    "limits",
    "compile_limits",
    "tests",
    "has_checker",
    "checker_language",
    "traceparent",
)
"""The fields that share a column, because they never change. Earlier releases ignore new ones."""

COLUMNS: Final = (
    "id",
    "owner",
    "language",
    "language_version",
    "priority",
    "spec",
    "root",
    "retry_of",
    "retried_as",
    "batch_id",
    "created_at",
    "erased",
    "rebuilt_at",
    "key_id",
    "door_data",
    "place",
    *CHANGED_BY_TRANSITION,
)


def to_execution(row: sqlite3.Row) -> Execution:
    fields: dict[str, Any] = dict(row)
    fields |= json.loads(fields.pop("spec"))
    fields["tries"] = json.loads(fields["tries"])
    for name in ("callback", "wrong_runs"):
        if fields[name] is not None:
            fields[name] = json.loads(fields[name])
    return codec.EXECUTION.validate_python(fields)


def from_execution(execution: Execution) -> dict[str, Any]:
    fields: dict[str, Any] = codec.EXECUTION.dump_python(execution, mode="json")
    fields["spec"] = json.dumps({name: fields.pop(name) for name in SPEC})
    fields["tries"] = json.dumps(fields["tries"])
    fields["callback"] = from_callback(execution.callback)
    fields["wrong_runs"] = from_indices(execution.wrong_runs)
    return fields


def from_indices(indices: Sequence[int] | None) -> str | None:
    return None if indices is None else json.dumps(indices)


def from_callback(callback: Callback | None) -> str | None:
    return None if callback is None else codec.CALLBACK.dump_json(callback).decode()


def to_event(row: sqlite3.Row) -> Event:
    return Event(
        row["execution_id"], row["version"], row["type"], row["time"], json.loads(row["data"])
    )


def from_event(event: Event) -> tuple[str, int, str, int, str]:
    data = json.dumps(event.data)
    return event.execution_id, event.version, event.type, event.time, data
