"""Retry or discard the dead letters that match a filter, in bounded slices."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Final

from app.domain.dead_letter import DeadLetter, LetterFilter
from app.domain.errors import Conflict
from app.ports import DeadLetters, Ports
from app.service.dead_letter_retries import discard, retry_letter

COUNTED: Final = 1_000
"""The most letters that are counted, and that one call looks at."""
_PAGE: Final = 100


class LetterAction(StrEnum):
    RETRY = "retry"
    DISCARD = "discard"


@dataclass(slots=True, kw_only=True)
class LettersDone:
    """What one call has done."""

    done: int = 0
    skipped: int = 0
    """Letters that can't be retried."""
    remaining: int = 0
    """How many match afterwards, counted up to `COUNTED`."""


def letters_in_bulk(
    ports: Ports, action: LetterAction, filter: LetterFilter, limit: int, *, dry_run: bool
) -> LettersDone:
    """Change up to `limit` letters; in a dry run, only count those that match.

    Letters that can't be retried still match, so a call looks past them, at up to `COUNTED`.
    """
    letters, result = ports.store.dead_letters, LettersDone()
    if not dry_run:
        for letter in islice(_each(letters, filter), COUNTED):
            _change(ports, action, letter, result)
            if result.done == limit:
                break
    result.remaining = letters.matching(filter.status, filter.kind, COUNTED)
    return result


def _each(letters: DeadLetters, filter: LetterFilter) -> Iterator[DeadLetter]:
    after: str | None = None
    while page := letters.page(filter.status, filter.kind, after, _PAGE):
        yield from page
        after = page[-1].id


def _change(ports: Ports, action: LetterAction, letter: DeadLetter, result: LettersDone) -> None:
    change: Callable[[], object] = {
        LetterAction.RETRY: lambda: retry_letter(ports, letter.id),
        LetterAction.DISCARD: lambda: discard(ports.store.dead_letters, letter.id),
    }[action]
    try:
        change()
    except Conflict:
        result.skipped += 1
    else:
        result.done += 1
