"""Logs in text or JSON. Each line names the request and the execution that it is about.

Lines contain ids, our own names, and errors; never programs, their input or output, or keys.
"""

import json
import logging
import re
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Final, Literal, TextIO

Format = Literal["text", "json"]

FIELDS: Final = "fields"
"""`extra={FIELDS: {...}}` adds fields to a line."""

_EXECUTION_ID: Final = re.compile(r"[0-9A-Z]{1,26}")
"""The characters of a ULID. A path or message from anybody may contain anything else."""

_about: ContextVar[dict[str, str]] = ContextVar("about", default={})  # noqa: B039  # never changed


def begin(request_id: str | None = None, execution_id: object = None) -> None:
    """Set what later lines of this thread or context are about: by default, nothing."""
    _about.set({"request_id": request_id} if request_id else {})
    about_execution(execution_id)


def about_execution(execution_id: object) -> None:
    """Add the execution that the request or task is about. Ignores anything but an id."""
    if isinstance(execution_id, str) and _EXECUTION_ID.fullmatch(execution_id):
        _about.set({**_about.get(), "execution_id": execution_id})


def request_about(execution_id: str) -> str | None:
    """Return the request's id, unless the current work is about another execution."""
    about = _about.get()
    return (
        about.get("request_id") if about.get("execution_id", execution_id) == execution_id else None
    )


def configure(format: Format, level: int | str) -> None:
    """Send all logs of this process to stderr, in this format."""
    handler = _Handler(sys.stderr)
    handler.setFormatter(JsonFormatter() if format == "json" else TextFormatter())
    logging.captureWarnings(True)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper() if isinstance(level, str) else level)


class _Handler(logging.StreamHandler[TextIO]):
    """Drops lines that can't be written, as when stderr is a file on a full disk."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # logging's name
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_about.get(),
            **getattr(record, FIELDS, {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class TextFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        about = "".join(f" {name}={value}" for name, value in _about.get().items())
        line = f"{_time(record)} {record.levelname} {record.name}: {record.getMessage()}{about}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


def _time(record: logging.LogRecord) -> str:
    """Format the time as in RFC 3339, in UTC."""
    time = datetime.fromtimestamp(record.created, UTC).replace(tzinfo=None)
    return time.isoformat(timespec="microseconds") + "Z"
