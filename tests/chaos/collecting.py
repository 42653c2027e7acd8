"""Reads everything that a run has left behind, from the stores and from the API."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import podline
from app.domain.blob import Blob
from app.domain.dead_letter import DeadLetter
from app.domain.execution import Event, Execution, pod_name
from app.domain.filters import ExecutionFilter
from app.ports import Blobs, EventLog, Store
from podline import Client
from tests.chaos.found import Accepted, Everything, Found, Used
from tests.support.event_logs import every_event

_PAGE: Final = 500
_AT_ONCE: Final = 8
_ALL: Final = 2**31
_EVERY_DAY: Final = ("0001-01-01", "9999-12-31")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where to look."""

    store: Store
    event_log: EventLog
    blobs: Blobs
    blob_names: Callable[[str], Iterable[str]]
    """The hashes of the blobs that an execution has."""
    show: Callable[[Accepted], tuple[podline.Execution, bytes | None]]
    """What the API shows of an execution, and its stdout if it has any."""
    shown_usage: Callable[[], Mapping[str, Used]]


def collect(
    sources: Sources,
    accepted: Iterable[Accepted],
    callbacks: Iterable[podline.Execution],
    left: Mapping[str, Sequence[str]],
    refused: Sequence[str] = (),
) -> Everything:
    """Read everything once. Nothing may happen meanwhile."""
    told = {each.id: each for each in accepted}
    rows = {row.id: row for row in every_row(sources.store)}
    logged: defaultdict[str, list[Event]] = defaultdict(list)
    for event in every_event(sources.event_log):
        logged[event.execution_id].append(event)
    sent: defaultdict[str, list[podline.Execution]] = defaultdict(list)
    for execution in callbacks:
        sent[execution.id].append(execution)
    letters: defaultdict[str, list[DeadLetter]] = defaultdict(list)
    of_none: list[str] = []
    for letter in every_letter(sources.store):
        # The letter of a failed execution is that of the first one, and names the newest retry.
        ids_in_it = (letter.execution_id or "", letter.id.rpartition(".")[2])
        named = rows.keys() & ids_in_it
        for id in named:
            letters[id].append(letter)
        of_none += [] if named else [f"{letter.id}: {letter.error}"]
    shown = _shown(sources, [told[id] for id in told if id in rows])
    ids = {*told, *rows, *logged, *sent, *sources.blobs.owners("", "Z", _ALL)}
    return Everything(
        executions={
            id: _found(
                sources,
                id,
                told.get(id),
                rows.get(id),
                logged=tuple(logged[id]),
                callbacks=tuple(sent[id]),
                letters=_letters_of(rows.get(id), letters),
                shown=shown.get(id),
            )
            for id in sorted(ids)
        },
        usage=stored_usage(sources.store),
        shown_usage=sources.shown_usage(),
        left={**left, "dead letters": of_none},
        refused=refused,
    )


def _found(
    sources: Sources,
    id: str,
    accepted: Accepted | None,
    row: Execution | None,
    *,
    logged: Sequence[Event],
    callbacks: Sequence[podline.Execution],
    letters: Sequence[DeadLetter],
    shown: tuple[podline.Execution, bytes | None] | None,
) -> Found:
    results = _results(sources.store, row) if row else []
    named = _named_blobs(sources.store, row, results) if row else {}
    names = set(sources.blob_names(id))
    return Found(
        id=id,
        accepted=accepted,
        row=row,
        events=tuple(sources.store.executions.events(id)),
        logged=logged,
        results=results,
        shown=shown[0] if shown else None,
        stdout=shown[1] if shown else None,
        callbacks=callbacks,
        letters=letters,
        blobs_lost=[hash for hash, blob in named.items() if sources.blobs.read(id, blob) is None],
        blobs_unnamed=sorted(names - named.keys()),
    )


def every_row(store: Store) -> Iterator[Execution]:
    before = None
    while page := store.executions.page(ExecutionFilter(), before, _PAGE):
        yield from page
        before = page[-1].id


def every_letter(store: Store) -> Iterator[DeadLetter]:
    before = None
    while page := store.dead_letters.page(None, None, before, _PAGE):
        yield from page
        before = page[-1].id


def _letters_of(
    row: Execution | None, letters: Mapping[str, Sequence[DeadLetter]]
) -> Sequence[DeadLetter]:
    if row is None:
        return ()
    return tuple(
        {each.id: each for id in (row.id, row.root) for each in letters.get(id, ())}.values()
    )


def _results(store: Store, row: Execution) -> list[str]:
    """Of all attempts that there were, and of the next one, which there must not be."""
    ids = [pod_name(row.id, attempt) for attempt in range(1, row.attempt + 2)]
    return [id for id in ids if store.results.get(id) is not None]


def _named_blobs(store: Store, row: Execution, results: Iterable[str]) -> dict[str, Blob]:
    program = store.executions.program_blob(row.id)
    blobs = [program] if program else []
    for id in results:
        result = store.results.get(id)
        blobs += result.blobs if result else []
    return {blob.sha256: blob for blob in blobs}


def stored_usage(store: Store) -> dict[str, Used]:
    used: defaultdict[str, Used] = defaultdict(Used)
    for day in store.usage.days(None, *_EVERY_DAY):
        used[day.owner] += Used(day.executions, day.cpu_us, day.stored_bytes)
    return dict(used)


def shown_usage(client: Client) -> dict[str, Used]:
    """As the API shows it to an operator."""
    used: defaultdict[str, Used] = defaultdict(Used)
    for day in client.usage(owner="*"):
        cpu_us = round(day.cpu_seconds * 1_000_000)
        used[day.owner or ""] += Used(day.executions, cpu_us, day.stored_bytes)
    return dict(used)


def _shown(
    sources: Sources, accepted: Sequence[Accepted]
) -> dict[str, tuple[podline.Execution, bytes | None]]:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = pool.map(sources.show, accepted)
        return {each.id: shown for each, shown in zip(accepted, found, strict=True)}
