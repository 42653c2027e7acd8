"""Says that a command waits because the service asks it to."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from app.cli.terminal import print_line

_LOG = logging.getLogger("podline")


class _Once(logging.Handler):
    """Prints the first record on stderr."""

    def emit(self, record: logging.LogRecord) -> None:
        self.setLevel(logging.CRITICAL)
        print_line(f"podline: {record.getMessage()}", err=True)


@contextmanager
def pauses_explained(as_json: bool) -> Iterator[None]:
    """Show the client's first note of a pause. With --json, stderr has only failures."""
    if as_json:
        yield
        return
    handler, level = _Once(), _LOG.level
    _LOG.setLevel(logging.INFO)
    _LOG.addHandler(handler)
    try:
        yield
    finally:
        _LOG.removeHandler(handler)
        _LOG.setLevel(level)
