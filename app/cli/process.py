"""The process around a command: its streams, the signals that stop it, and how it ends."""

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

INTERRUPTED: Final = 128 + signal.SIGINT
BROKEN_PIPE: Final = 128 + signal.SIGPIPE
"""Nobody reads the output: what tools end with that the signal kills, as in `| head -1`."""

_STOPS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals that stop a command, unless whoever started it had them ignored (as nohup does)."""

STOPPED: Final = frozenset(128 + number for number in _STOPS)
"""What a command ends with that such a signal stopped."""


class Stopped(KeyboardInterrupt):
    """A signal asks the command to stop."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


@contextmanager
def stops_raised() -> Iterator[None]:
    """SIGINT, SIGTERM and SIGHUP raise Stopped in here."""
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
    """Run the command; what it ends with, also where its streams are closed, full or not read."""
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
    """What an operation on a file or a stream failed for."""
    where = "standard input or output" if error.filename is None else str(error.filename)
    return escaped(f"{where}: {error.strerror}")


def show(error: click.ClickException) -> None:
    """As click does, without control characters in what it quotes."""
    text = io.StringIO()
    error.show(text)
    with suppress(OSError):
        print_text(escaped_block(text.getvalue()), sys.stderr)


def _report(problem: str) -> None:
    with suppress(OSError):
        print_line(f"podline: {problem}", err=True)


def _open_streams() -> None:
    """Python has None for a stream that was closed; no other file may get its number.

    Reading or writing fails then, as with the tools of the system; what goes to stderr is lost.
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
    """Python flushes once more as it ends, and would report what could not be written."""
    try:
        stream.flush()
    except OSError:
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, stream.fileno())
