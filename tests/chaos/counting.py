"""Counts whether every promise was kept. Each execution that is off is named, with the reason."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import podline
from app.domain.callback import CallbackState
from app.domain.dead_letter import DeadLetterKind
from app.domain.execution import TERMINAL, TRANSITIONS, Event, Execution, State
from tests.chaos.found import Accepted, Everything, Found, Used
from tests.chaos.programs import KINDS

_TERMINAL_EVENTS: Final = frozenset(str(state) for state in TERMINAL)
_ID: Final = re.compile(r"\b[0-9A-HJKMNP-TV-Z]{26}\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Off:
    """A promise that was not kept."""

    promise: str
    """One of `PROMISES`."""
    about: str | None
    """The id of the execution; None if it is about something else."""
    reason: str

    def __str__(self) -> str:
        return f"{self.promise}: {self.about or '-'}: {self.reason}"


Promise = Callable[[Found, int], Iterator[str]]
"""Yields why an execution breaks it. The number is that of attempts before an execution fails."""


def count(everything: Everything, max_attempts: int) -> list[Off]:
    """Return every promise that was not kept."""
    off = [
        Off(promise, found.id, reason)
        for found in everything.executions.values()
        for promise, check in _OF_ONE.items()
        for reason in check(found, max_attempts)
    ]
    off += [Off(RETRIES, *each) for each in _retries(everything.executions)]
    off += [Off(USAGE, *each) for each in _usage(everything)]
    for kind, names in everything.left.items():
        off += [Off(LEFT, _named_in(name), f"{kind}: {name}") for name in names]
    return off + [Off(ACCEPTED, None, f"refused: {each}") for each in everything.refused]


def _accepted(found: Found, _: int) -> Iterator[str]:
    """What a client was told of exists, and a client was told of what exists."""
    if found.row is None:
        yield "it was accepted, and is lost" if found.accepted else "it has no row"
    elif found.accepted is None and found.row.retry_of is None:
        yield "it exists, but no client was told of it"


def _terminal_once(found: Found, max_attempts: int) -> Iterator[str]:
    row = found.row
    if row is None:
        return
    if not row.state.terminal:
        yield f"it is {row.state}"
    ends = [event.data["state"] for event in found.events if _is_end(event)]
    if row.state.terminal and ends != [row.state]:
        yield f"it is {row.state}, and its events have the ends {ends}"
    if row.state is State.CANCELLED and not (found.accepted and found.accepted.cancelled):
        yield "it is cancelled, and nobody has asked for that"
    if row.state is State.FAILED:
        yield from _failed(found, row, max_attempts)
    if row.state.terminal and row.next_action_at is not None:
        yield "it was not cleaned up"
    yield from _shown(found, row)


def _failed(found: Found, row: Execution, max_attempts: int) -> Iterator[str]:
    """Only an execution that has used up all its attempts may fail, and has a dead letter."""
    if row.attempt < max_attempts:
        yield f"it failed after {row.attempt} of {max_attempts} attempts: {row.message}"
    if not any(letter.kind is DeadLetterKind.EXHAUSTED for letter in found.letters):
        yield "it failed, and there is no dead letter"


def _shown(found: Found, row: Execution) -> Iterator[str]:
    """The API shows what the store has, and has shown nothing else as the end."""
    if found.accepted is None or not row.state.terminal:
        return
    for when, seen in (("now", found.shown), ("at its end", found.accepted.ended)):
        if seen is None:
            yield f"the API did not show its end {when}"
        elif _end(seen) != _end(row):
            yield f"the API showed {_end(seen)} {when}, and the store has {_end(row)}"


def _end(seen: Execution | podline.Execution) -> str:
    return f"{seen.state}, {seen.outcome}"


def _is_end(event: Event) -> bool:
    return event.data["state"] in _TERMINAL_EVENTS


def _results_once(found: Found, _: int) -> Iterator[str]:
    row = found.row
    if row is None or not row.state.terminal:
        return
    expected = [row.result_id] if row.state is State.COMPLETED else []
    if list(found.results) != expected:
        yield f"it is {row.state} with {row.result_id}, and has the results {list(found.results)}"
    if row.state is State.COMPLETED and found.accepted is not None:
        yield from _right(found, row, found.accepted)


def _right(found: Found, row: Execution, accepted: Accepted) -> Iterator[str]:
    """The verdict and the output are those of the program."""
    kind, number = KINDS[accepted.sample.kind], accepted.sample.number
    if row.outcome is None or str(row.outcome) != str(kind.outcome):
        yield f"a program that {accepted.sample.kind} has the outcome {row.outcome}"
    if found.stdout is not None and found.stdout != kind.stdout(number):
        yield f"its output has {len(found.stdout)} bytes and differs from what it printed"
    if row.stored_bytes != kind.stored_bytes(number):
        yield f"{row.stored_bytes} bytes are stored instead of {kind.stored_bytes(number)}"
    for blob in found.blobs_lost:
        yield f"the blob {blob} is lost"


def _callbacks(found: Found, _: int) -> Iterator[str]:
    """Retries have the callback of what they retry."""
    row, accepted = found.row, found.accepted
    if row is None:
        return
    if accepted is not None and (row.callback is not None) != accepted.sample.callback:
        yield "it has a callback that nobody asked for, or none that somebody asked for"
    if row.callback is None or not row.state.terminal:
        return
    if not found.callbacks:
        yield f"its end was not sent; the row says {row.callback.state}"
    elif row.callback.state is not CallbackState.DELIVERED:
        yield f"its end was sent, and the row says {row.callback.state}"
    for sent in found.callbacks:
        if _end(sent) != _end(row):
            yield f"{_end(sent)} was sent instead of {_end(row)}"


def _events(found: Found, _: int) -> Iterator[str]:
    """On the row, an event for each version. In the log, all of them at least once, in order."""
    row = found.row
    if row is None:
        return
    every = list(range(1, row.version + 1))
    versions = [event.version for event in found.events]
    if versions != every:
        yield f"its row has version {row.version}, and events {versions}"
    yield from _transitions(found.events)
    newest = 0
    for event in found.logged:
        if event.version > newest + 1:
            yield f"the log has {event.version} after {newest}"
        newest = max(newest, event.version)
    if newest != row.version:
        yield f"the log ends with {newest} of {row.version} events"
    of_row = {event.version: event for event in found.events}
    for event in found.logged:
        if event != of_row.get(event.version):
            yield f"the log has another event {event.version} than the row"


def _transitions(events: Sequence[Event]) -> Iterator[str]:
    previous: str | None = None
    for event in events:
        state = str(event.data["state"])
        if event.data["previous"] != previous:
            yield f"event {event.version} continues {event.data['previous']} instead of {previous}"
        if previous is not None and state not in TRANSITIONS[State(previous)]:
            yield f"event {event.version} makes {state} of {previous}"
        previous = state


def _letters(found: Found, _: int) -> Iterator[str]:
    for letter in found.letters:
        if letter.kind is not DeadLetterKind.EXHAUSTED:
            yield f"there is a dead letter {letter.id}: {letter.error}"


def _blobs(found: Found, _: int) -> Iterator[str]:
    for blob in found.blobs_unnamed:
        yield f"the blob {blob} is left, and nothing names it"


def _retries(executions: Mapping[str, Found]) -> Iterator[tuple[str, str]]:
    """A retry and what it retries name each other."""
    for id, found in executions.items():
        row = found.row
        if row is None:
            continue
        if row.retried_as is not None:
            retry = executions.get(row.retried_as)
            if retry is None or retry.row is None or retry.row.retry_of != id:
                yield id, f"its retry {row.retried_as} is lost"
        if row.retry_of is not None:
            before = executions.get(row.retry_of)
            if before is None or before.row is None or before.row.retried_as != id:
                yield id, f"{row.retry_of}, which it retries, does not name it"


def _usage(everything: Everything) -> Iterator[tuple[str | None, str]]:
    """The sums over all rows are what the days have, and what the API shows."""
    of_owners: defaultdict[str, dict[str, Used]] = defaultdict(dict)
    for id, found in everything.executions.items():
        row = found.row
        if row is not None and row.state.terminal:
            of_owners[row.owner][id] = Used(1, row.cpu_us or 0, row.stored_bytes or 0)
    for owner in sorted({*of_owners, *everything.usage, *everything.shown_usage}):
        rows = sum(of_owners[owner].values(), Used())
        counted, shown = (
            usage.get(owner, Used()) for usage in (everything.usage, everything.shown_usage)
        )
        if counted != rows:
            reason = f"{owner}: the rows have {rows}, and the days {counted}"
            yield _counted_wrongly(of_owners[owner], counted - rows), reason
        if shown != counted:
            yield None, f"{owner}: the days have {counted}, and the API shows {shown}"


def _counted_wrongly(used: Mapping[str, Used], difference: Used) -> str | None:
    """The one execution that was counted twice or not at all, if it explains the difference."""
    wrong = (difference, Used() - difference)
    return next((id for id, of_one in used.items() if of_one in wrong), None)


def _named_in(name: str) -> str | None:
    """The execution that something is named after."""
    found = _ID.search(name)
    return found[0].upper() if found else None


ACCEPTED: Final = "accepted"
TERMINAL_ONCE: Final = "terminal once"
RESULTS_ONCE: Final = "results once"
CALLBACKS: Final = "callbacks at least once"
EVENTS: Final = "events complete and in order"
LETTERS: Final = "no unexpected errors"
RETRIES: Final = "retries"
USAGE: Final = "usage exact"
LEFT: Final = "nothing left"
_OF_ONE: Final[Mapping[str, Promise]] = {
    ACCEPTED: _accepted,
    TERMINAL_ONCE: _terminal_once,
    RESULTS_ONCE: _results_once,
    CALLBACKS: _callbacks,
    EVENTS: _events,
    LETTERS: _letters,
    LEFT: _blobs,
}
PROMISES: Final = (*_OF_ONE, RETRIES, USAGE)
