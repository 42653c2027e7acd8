"""How the command line reports an error: one line that says what to do about it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import IO, Any

import click

from app.cli.exit_codes import OURS
from app.cli.process import reason
from podline import (
    ApiError,
    Forbidden,
    NotFound,
    PodlineError,
    Problem,
    Unauthenticated,
    Unreachable,
)


class Failure(click.ClickException):
    """Ends the command with exit code 1 and a line on stderr, which `process.show` escapes."""

    as_json = False
    """Whether the line is a JSON object: `error`, and the API's `problem`, if there is one."""

    def show(self, file: IO[Any] | None = None) -> None:
        line = self._json() if self.as_json else f"podline: {self.message}"
        click.echo(line, file=file, err=True)

    def _json(self) -> str:
        cause = self.__cause__
        problem = asdict(cause.problem) if isinstance(cause, ApiError) else None
        return json.dumps({"error": self.message, "problem": problem})


class RunFailure(Failure):
    """A failure of `run` or `watch`, with an exit code that differs from a program's own."""

    exit_code = OURS


class _Misuse(Failure):
    """What the command line asks for can't be done."""

    exit_code = click.UsageError.exit_code


@contextmanager
def failures_in_json(as_json: bool) -> Iterator[None]:
    """Make every failure's line a JSON object, if the command's output is JSON."""
    try:
        yield
    except Failure as error:
        error.as_json = as_json
        raise
    except click.UsageError as error:
        if not as_json:
            raise
        misuse = _Misuse(error.format_message())
        misuse.as_json = True
        raise misuse from error


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
        case NotFound(problem=Problem(type="about:blank")):
            return (
                f"{said.rstrip('.')}. Does --url or PODLINE_URL name a service of Podline, "
                "without a path such as /api/v1?"
            )
        case ApiError(problem=problem) if problem.status >= 500 and problem.request_id:
            return f"{said} (request {problem.request_id} in the service's log)"
    return said
