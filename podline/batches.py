"""Batches: many programs in one request."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from podline.checking import check
from podline.errors import InvalidArgument
from podline.submission import Program, body_of

MOST_ITEMS: Final = 100
MOST_BYTES: Final = 12 * 1024 * 1024
"""What a service accepts in one request."""

Body = Mapping[str, object]
_AROUND: Final = len('{"executions":[]}')


def bodies_of(programs: Iterable[Program]) -> list[Body]:
    """Return the body of each program as if it were submitted alone."""
    bodies: list[Body] = []
    for number, program in enumerate(programs):
        check(Program, program, f"programs[{number}]")
        bodies.append(body_of(None, program))
    return bodies


def batches_of(bodies: Iterable[Body]) -> Iterator[Sequence[Body]]:
    """Divide the programs into batches that a service accepts, in order.

    One program that is too large for any batch gets a batch of its own, for the service to refuse.
    """
    batch: list[Body] = []
    size = _AROUND
    for body in bodies:
        added = _size_of(body) + 1
        if batch and (len(batch) == MOST_ITEMS or size + added > MOST_BYTES):
            yield batch
            batch, size = [], _AROUND
        batch.append(body)
        size += added
    if batch:
        yield batch


def _size_of(body: Body) -> int:
    try:
        return len(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode())
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidArgument(f"a program can't be sent: {error}") from error
