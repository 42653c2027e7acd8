"""Which request, execution and trace the lines of the service's logs are about."""

import logging
import os
import re
from typing import Final

from sandbox import logs as lines
from sandbox.logs import FIELDS, Format, about, exit_with, logfmt, set_about

__all__ = [
    "FIELDS",
    "REPORTED",
    "Format",
    "about_execution",
    "about_trace",
    "begin",
    "configure",
    "configure_early",
    "exit_with",
    "is_news",
    "logfmt",
    "request_about",
]

_EXECUTION_ID: Final = re.compile(r"[0-9A-Z]{1,26}")
"""The characters of a ULID. A path or message from anybody may contain anything else."""


REPORTED: Final = "reported"
"""An attribute of an error: the log already says that the dependency is down."""


def configure(format: Format, level: int | str, role: str) -> None:
    """Send all logs of this process to stderr, and errors that nobody catches, too."""
    lines.configure(format, level, role)
    for handler in logging.getLogger().handlers:
        handler.addFilter(is_news)


def is_news(record: logging.LogRecord) -> bool:
    """Whether the line is about more than an error that is reported. At `debug`, all are."""
    if logging.getLogger().level <= logging.DEBUG:
        return True
    said = record.args if isinstance(record.args, tuple) else ()
    raised = record.exc_info[1] if record.exc_info else None
    return not any(_is_reported(each) for each in (*said, raised))


def _is_reported(said: object) -> bool:
    while isinstance(said, BaseException):
        if getattr(said, REPORTED, False):
            return True
        said = said.__cause__
    return False


def configure_early(role: str) -> None:
    """Until the settings are known: what is logged by then is rare, and important."""
    configure("json" if os.environ.get("PODLINE_LOG_FORMAT") == "json" else "text", "info", role)


def begin(
    request_id: str | None = None, execution_id: object = None, *, role: str | None = None
) -> None:
    """Set what later lines of this thread or context are about: by default, nothing."""
    given = {"role": role, "request_id": request_id}
    set_about({name: value for name, value in given.items() if value})
    about_execution(execution_id)


def about_execution(execution_id: object) -> None:
    """Add the execution that the request or task is about. Ignores anything but an id."""
    if isinstance(execution_id, str) and _EXECUTION_ID.fullmatch(execution_id):
        set_about({**about(), "execution_id": execution_id})


def about_trace(trace_id: str) -> None:
    """Add the trace in which the request or task is recorded."""
    set_about({**about(), "trace_id": trace_id})


def request_about(execution_id: str) -> str | None:
    """Return the request's id, unless the current work is about another execution."""
    now = about()
    return now.get("request_id") if now.get("execution_id", execution_id) == execution_id else None
