"""`podline submit --batch`: submits the programs of a file, one in each line."""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

import click

from app.cli.output import print_json_line, print_table
from app.cli.program.files import STDIN
from app.cli.terminal import escaped, print_line
from podline import ApiError, Client, Execution

T = TypeVar("T")

Submitted: TypeAlias = Mapping[int, Execution | ApiError]
"""By line."""

_TOO_MUCH: Final = 1024 * 1024 * 1024
"""Bytes of the file."""


def submit_file(
    client: Client, file: Path, *, idempotency_key: str | None, wait: bool, as_json: bool
) -> None:
    """Submit every program, and print what became of it. Exits with 1 if any was refused."""
    documents = dict(_documents(file))
    answers = client.submit_documents(
        _counted(documents.values(), "submitted", len(documents)), idempotency_key=idempotency_key
    )
    submitted = dict(zip(documents, answers, strict=True))
    refused = _print_refused(submitted, as_json=as_json)
    if as_json:
        _print_as_json(client, submitted, wait=wait)
    elif wait:
        _print_outcomes(list(_ended(client, answers)))
    else:
        for execution in _executions(answers):
            print_line(execution.id)
    sys.exit(1 if refused else 0)


def _documents(file: Path) -> Iterator[tuple[int, Mapping[str, object]]]:
    """Read one JSON object per line, and its line's number. Raises UsageError."""
    name = "stdin" if file == STDIN else file.name
    for number, line in enumerate(_content(file).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            document = json.loads(line)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            raise click.UsageError(
                f"{escaped(name)}, line {number}: not a JSON object, such as"
                ' {"language": "python", "source": "print(1)"}'
            )
        yield number, document


def _content(file: Path) -> bytes:
    if file == STDIN:
        return sys.stdin.buffer.read(_TOO_MUCH)
    with file.open("rb") as lines:
        return lines.read(_TOO_MUCH)


def _executions(answers: Iterable[Execution | ApiError]) -> list[Execution]:
    return [answer for answer in answers if isinstance(answer, Execution)]


def _print_refused(submitted: Submitted, *, as_json: bool) -> int:
    """Return how many were refused."""
    errors = {line: each for line, each in submitted.items() if isinstance(each, ApiError)}
    for line, error in errors.items():
        if as_json:
            print_json_line({"line": line, "problem": error.problem})
        else:
            print_line(f"podline: line {line}: {error}", err=True)
    return len(errors)


def _print_as_json(client: Client, submitted: Submitted, *, wait: bool) -> None:
    lines = {each.id: line for line, each in submitted.items() if isinstance(each, Execution)}
    answers = tuple(submitted.values())
    for execution in _ended(client, answers) if wait else _executions(answers):
        print_json_line({"line": lines[execution.id], "execution": execution})


def _print_outcomes(ended: Sequence[Execution]) -> None:
    counts = Counter(execution.outcome or execution.state for execution in ended)
    print_table(("outcome", "executions"), counts.most_common())


def _ended(client: Client, answers: Sequence[Execution | ApiError]) -> Iterator[Execution]:
    """Yield each execution once it has ended."""
    return _counted(client.as_completed(answers), "ended", len(_executions(answers)))


def _counted(items: Iterable[T], what: str, total: int) -> Iterator[T]:
    """Yield the items; a terminal shows how many were taken."""
    if not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(items, what, total, transient=True, console=Console(stderr=True))
