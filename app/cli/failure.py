"""How the command line reports an error: one line that says what to do about it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import click

from app.cli.exit_codes import OURS
from app.cli.process import reason
from podline import (
    ApiError,
    Forbidden,
    PodlineError,
    Unauthenticated,
    Unreachable,
)


class Failure(click.ClickException):
    """Ends the command with exit code 1 and a line on stderr, which `process.show` escapes."""

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"podline: {self.message}", file=file, err=True)


class RunFailure(Failure):
    """A failure of `run` or `watch`, with an exit code that differs from a program's own."""

    exit_code = OURS


@contextmanager
def failures_explained(failure: type[Failure]) -> Iterator[None]:
    """Turn errors of the client, of files and of streams into this kind of failure."""
    try:
        yield
    except PodlineError as error:
        raise failure(explained(error)) from error
    except BrokenPipeError:
        raise
    except OSError as error:
        raise failure(reason(error)) from error


def explained(error: PodlineError) -> str:
    """Return one line that says what happened and what to do."""
    said = " ".join(str(error).split())
    match error:
        case Unreachable():
            return f"{said}. Start the service with `podline up`, or name another with --url."
        case Unauthenticated():
            return (
                f"{said}. Set a key with --key or PODLINE_KEY, or the data folder of "
                "`podline up` with --data-dir."
            )
        case Forbidden():
            return f"{said}. Use a key with that role (`podline keys create --role`)."
        case ApiError(problem=problem) if problem.status >= 500 and problem.request_id:
            return f"{said} (request {problem.request_id} in the service's log)"
    return said
