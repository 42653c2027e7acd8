"""The process that runs a command: its streams, the signals that stop it, and its exit code."""

import io
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final, TextIO

import click

from app.cli.terminal import escaped, escaped_block, print_line, print_text
from app.domain.errors import reason_of

INTERRUPTED: Final = 128 + signal.SIGINT
BROKEN_PIPE: Final = 128 + signal.SIGPIPE
"""The output's reader has closed it, as in `| head -1`; SIGPIPE gives other tools this code."""

_STOPS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals that stop a command, unless it was started with them ignored, as by nohup."""

STOPPED: Final = frozenset(128 + number for number in _STOPS)
"""The exit codes of a command that such a signal stopped."""


class Stopped(KeyboardInterrupt):
    """A signal asked the command to stop."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


@contextmanager
def stops_raised() -> Iterator[None]:
    """Make SIGINT, SIGTERM and SIGHUP raise Stopped."""
    before = {number: signal.getsignal(number) for number in _STOPS}
    for number, handler in before.items():
        if handler in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(number: int, _frame: FrameType | None) -> None:
    raise Stopped(number)


def exit_code_of(command: Callable[[], object]) -> int:
    """Run the command and return its exit code, even if a stream is closed, full or not read."""
    _open_streams()
    code = _ended(command)
    for stream in (sys.stdout, sys.stderr):
        code = code or _flush(stream)
        _abandon(stream)
    return code


def _ended(command: Callable[[], object]) -> int:
    try:
        returned = command()
    except SystemExit as end:
        returned = end.code
    except click.ClickException as error:
        show(error)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        return BROKEN_PIPE
    except OSError as error:
        _report(reason(error))
        return 1
    return returned if isinstance(returned, int) else 0


def reason(error: OSError) -> str:
    """Describe why an operation on a file or stream failed."""
    return escaped(reason_of(error, "standard input or output"))


def show(error: click.ClickException) -> None:
    """Print the error as click does, but with control characters escaped."""
    text = io.StringIO()
    error.show(text)
    with suppress(OSError):
        print_text(escaped_block(text.getvalue()), sys.stderr)


def _report(problem: str) -> None:
    with suppress(OSError):
        print_line(f"podline: {problem}", err=True)


def _open_streams() -> None:
    """Replace closed standard streams, so that no other file gets their descriptor.

    Reading or writing then fails, as with the system's own tools. What goes to stderr is lost.
    """
    for number, name, flags in (
        (0, "stdin", os.O_WRONLY),
        (1, "stdout", os.O_RDONLY),
        (2, "stderr", os.O_WRONLY),
    ):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, flags)
            os.dup2(opened, number)
            if opened != number:
                os.close(opened)
            opened_again = os.fdopen(number, "r" if number == 0 else "w", closefd=False)
            setattr(sys, name, opened_again)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _flush(stream: TextIO) -> int:
    try:
        stream.flush()
    except BrokenPipeError:
        return BROKEN_PIPE
    except OSError as error:
        _report(reason(error))
        return 1
    return 0


def _abandon(stream: TextIO) -> None:
    """Prevent an error from Python's last flush, at exit, of what can't be written."""
    try:
        stream.flush()
    except OSError:
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, stream.fileno())
