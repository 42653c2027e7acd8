"""What a line of a log looks like, for every process of the service: text (logfmt) or JSON.

    time=2026-01-02T03:04:05.678901Z level=warning role=saga logger=app.service.sweep
    message="deleting the orphan pod 01M8…-1" execution_id=01M8…

That is one line. Both formats have the same keys. Lines contain ids, our own names, and errors;
never programs, their input or output, or keys.
"""

import json
import logging
import os
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Literal, NoReturn, TextIO, TypeAlias

Format: TypeAlias = Literal["text", "json"]

FIELDS: Final = "fields"
"""`extra={FIELDS: {...}}` adds fields to a line."""
_OURS: Final = frozenset({"__main__", "app", "celery", "podline", "sandbox", "tasks"})
"""The first parts of the names of loggers whose lines at `debug` are logged, too."""
_BARE: Final = re.compile(r'[^\s"=]+')
"""A value that logfmt needs no quotes for, if it is printable, too."""

_about: ContextVar[Mapping[str, str]] = ContextVar("about", default={})  # noqa: B039  # never changed

log = logging.getLogger(__name__)


def about() -> Mapping[str, str]:
    """What the current work is about: the fields of each line of this thread or context."""
    return _about.get()


def set_about(fields: Mapping[str, str]) -> None:
    """Replace what later lines of this thread or context are about.

    Common are `role`, `execution_id`, `request_id` and `trace_id`. A `role` replaces that of the
    process.
    """
    _about.set(fields)


def configure(format: Format, level: int | str, role: str) -> None:
    """Send all logs of this process to stderr, and errors that nobody catches, too.

    `role` is what the process does, such as `api` or `sandbox`.
    """
    handler = _Handler(sys.stderr)
    handler.addFilter(_quotes_nothing)
    handler.setFormatter(JsonFormatter(role) if format == "json" else TextFormatter(role))
    logging.captureWarnings(True)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper() if isinstance(level, str) else level)
    sys.excepthook = _log_uncaught
    sys.unraisablehook = _log_unraisable
    threading.excepthook = _log_end_of_thread


def _quotes_nothing(record: logging.LogRecord) -> bool:
    """At `debug`, clients of databases and clusters log what they send: programs, for example."""
    return record.levelno >= logging.INFO or record.name.partition(".")[0] in _OURS


def exit_with(*reasons: str) -> NoReturn:
    """End the process, whose last lines say why."""
    for reason in reasons:
        log.critical("%s", reason)
    raise SystemExit(1)


class _Handler(logging.StreamHandler[TextIO]):
    """Drops lines that can't be written, as when stderr is a file on a full disk."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # logging's name
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


def say_in_signal_handler(logger: str, message: str) -> None:
    """Log a line where the process may be interrupted in the middle of writing another one."""
    record = logging.LogRecord(logger, logging.INFO, __file__, 0, message, None, None)
    for handler in logging.getLogger().handlers:
        if isinstance(handler, _Handler) and record.levelno >= logging.getLogger().level:
            try:
                os.write(handler.stream.fileno(), f"{handler.format(record)}\n".encode())
            except OSError:
                handler.handleError(record)


class _Formatter(logging.Formatter):
    def __init__(self, role: str) -> None:
        super().__init__()
        self._role = role

    def _line(self, record: logging.LogRecord) -> dict[str, object]:
        of_context = dict(_about.get())
        return {
            "time": _time(record),
            "level": record.levelname.lower(),
            "role": of_context.pop("role", self._role),
            "logger": record.name,
            "message": record.getMessage(),
            **of_context,
            **getattr(record, FIELDS, {}),
        }


class JsonFormatter(_Formatter):
    """One JSON object per line. A traceback is its `exception`."""

    def format(self, record: logging.LogRecord) -> str:
        line = self._line(record)
        if record.exc_info:
            line |= {"error": _error(record), "exception": self.formatException(record.exc_info)}
        return json.dumps(line, default=str)


class TextFormatter(_Formatter):
    """One line of logfmt. A traceback follows it in lines that begin with spaces."""

    def format(self, record: logging.LogRecord) -> str:
        line = self._line(record)
        if not record.exc_info:
            return logfmt(line)
        error = self.formatException(record.exc_info)
        return "\n".join([logfmt(line | {"error": _error(record)}), *_indented(error)])


def logfmt(fields: Mapping[str, object]) -> str:
    """Format `key=value` pairs. Quoted values are JSON strings, so that they are one line."""
    return " ".join(f"{name}={_value(str(value))}" for name, value in fields.items())


def _value(text: str) -> str:
    if not text.isprintable():
        return json.dumps(text)
    return text if _BARE.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _indented(traceback: str) -> Iterator[str]:
    for line in traceback.split("\n"):
        yield f"  {line if line.isprintable() else json.dumps(line)[1:-1]}"


def _error(record: logging.LogRecord) -> str:
    error = record.exc_info[1] if record.exc_info else None
    return f"{type(error).__name__}: {error}"


def _time(record: logging.LogRecord) -> str:
    """Format the time as in RFC 3339, in UTC."""
    time = datetime.fromtimestamp(record.created, UTC).replace(tzinfo=None)
    return time.isoformat(timespec="microseconds") + "Z"


def _log_uncaught(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)
    else:
        log.critical("the process ends", exc_info=(kind, error, traceback))


def _log_end_of_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
        name = args.thread.name if args.thread else "without a name"
        log.error("the thread %s ends", name, exc_info=args.exc_value)


def _log_unraisable(unraisable: Any) -> None:
    """Of a destructor, for example. Python itself would print it."""
    log.error(
        "%s: %r", unraisable.err_msg or "ignored", unraisable.object, exc_info=unraisable.exc_value
    )
