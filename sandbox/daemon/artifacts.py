"""Collects the files that a pod asks for from its jail, once the program has ended.

Init lists names and sizes, the patterns choose among them here, and init sends the files that were
chosen. Nothing on the host opens a path in a jail.
"""

from collections.abc import Sequence
from functools import partial
from typing import Final

from sandbox.artifacts.patterns import Patterns
from sandbox.artifacts.rules import NOT_A_FILE, Found, bounded, choose, named
from sandbox.daemon.entries import Entries, InitEnded, Kind, NotReceived
from sandbox.daemon.kept import Record
from sandbox.daemon.stage import Fault, ask
from sandbox.init.protocol import encode_get, encode_list
from sandbox.jail.jail import Jail
from sandbox.wire.types import Collected, CollectedFile, LeftOut, Pod

_ENTRIES_MAX: Final = 20_001
"""What init lists at most, and the end."""


def collect_artifacts(jail: Jail, pod: Pod, record: Record) -> Collected:
    """Keep the files in the record. Raises InitEnded and Fault."""
    try:
        found, complete = ask(jail, encode_list(), partial(_find, Patterns(pod.artifacts)))
        chosen, left_out = choose(found, pod.artifact_maxima)
        files, unreadable = _keep(jail, chosen, record)
    except InitEnded:
        raise
    except NotReceived as error:
        raise Fault(f"the program's files could not be kept: {error}") from error
    return Collected(files, bounded([*left_out, *unreadable], complete=complete))


def _find(patterns: Patterns, source: int) -> tuple[list[Found], bool]:
    """What the patterns ask for, and whether init looked at everything."""
    entries = Entries(source)
    found: list[Found] = []
    for _ in range(_ENTRIES_MAX):
        kind, path, size = entries.next()
        if kind is Kind.END:
            return found, not size
        each = Found(path, size, kind is not Kind.OTHER)
        if patterns.want(each.name):
            found.append(each)
    raise NotReceived("init lists more files than it may")


def _keep(
    jail: Jail, chosen: Sequence[Found], record: Record
) -> tuple[tuple[CollectedFile, ...], list[LeftOut]]:
    if not chosen:
        return (), []
    request = encode_get([each.path for each in chosen])
    return ask(jail, request, partial(_receive, chosen, record))


def _receive(
    chosen: Sequence[Found], record: Record, source: int
) -> tuple[tuple[CollectedFile, ...], list[LeftOut]]:
    entries = Entries(source)
    files: list[CollectedFile] = []
    left_out: list[LeftOut] = []
    for each in chosen:
        kind, path, size = entries.next()
        if path != each.path:
            raise NotReceived("init sends another file than it was asked for")
        if kind is Kind.OTHER:
            left_out.append(named(each.path, NOT_A_FILE))
            continue
        if size != each.size:
            raise NotReceived("a file changed although nothing was running")
        record.keep_artifact(entries.content(size))
        files.append(CollectedFile(each.name, size))
    return tuple(files), left_out
