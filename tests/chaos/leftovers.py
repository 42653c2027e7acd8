"""What executions occupy on a machine and in Redis, all of which must be gone after them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil
import redis

from app.infrastructure.redis.admission import ENTRIES, SLOTS
from app.infrastructure.redis.parking import PARKING
from app.ports import Store
from sandbox.jail import kit
from tests.hostile.traces import marked
from tests.support.cgroups import cgroups, tree_of

Left = Mapping[str, set[str]]
"""By kind: slots, queue entries, messages, pods, processes, jails, cgroups, mounts, files, …"""

_NAMES_EXECUTION: Final = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}", re.IGNORECASE)
_NO_EXPIRY: Final = -1


@dataclass(frozen=True, slots=True)
class Daemon:
    """A sandbox daemon, by its process and its data folder."""

    process: psutil.Process
    data: Path

    def left(self) -> Left:
        """What it has of pods. Jails that are kept ready are no pods."""
        name = kit.name_of(self.data)
        return {
            "pods on disk": {path.name for path in (self.data / "pods").glob("*")},
            "jails": set(self._busy()),
            "cgroups": {str(path) for group in cgroups(name) for path in tree_of(group)},
            "mounts": set(_mounts(self.process.pid, (name, str(self.data)))),
            "files": {
                str(path.relative_to(folder))
                for folder in (kit.folder_of(self.data), self.data)
                for path in folder.rglob("*")
                if not _comes_and_goes(path)
            },
        }

    def _busy(self) -> Iterator[str]:
        """The programs in its jails."""
        for nsjail in self.process.children():
            with suppress(psutil.NoSuchProcess):
                inside = nsjail.children(recursive=True)
                if len(inside) > 1:
                    yield " ".join(inside[-1].cmdline())


def _comes_and_goes(path: Path) -> bool:
    """What the daemon keeps of compiled programs, and pods, which are listed by themselves."""
    return not {"pods", "programs", "kept"}.isdisjoint(path.parts)


def _mounts(pid: int, names: Iterable[str]) -> Iterator[str]:
    for process in (str(pid), "self"):
        for line in Path(f"/proc/{process}/mounts").read_text().splitlines():
            if any(name in line for name in names):
                yield line


def of_machine(mark: str) -> Left:
    """Processes of programs, wherever they are by now."""
    return {"processes": {f"pid {pid}" for pid in marked(mark.encode())}}


def of_redis(client: "redis.Redis") -> Left:
    """Slots, queue entries, messages, and keys of executions that never expire."""
    return {
        "slots": _texts(client.zrange(SLOTS, 0, -1)),
        "queue entries": _texts(client.hkeys(ENTRIES)),
        "messages": {f"{key}: {client.llen(key)}" for key in client.scan_iter(_type="list")},
        "parked dead letters": _texts(client.zrange(PARKING, 0, -1)),
        "keys in Redis": {
            key
            for key in client.scan_iter()
            if _NAMES_EXECUTION.search(key) and client.ttl(key) == _NO_EXPIRY
        },
    }


def _texts(found: Iterable[object]) -> set[str]:
    """What a client with `decode_responses` returns."""
    return set(map(str, found))


def of_store(store: Store, owners: Iterable[str]) -> Left:
    """Work that is still to be done, and counters that are not back at zero."""
    counted = {
        f"{state}, {priority}: {number}"
        for (state, priority), number in store.counts.by_state().items()
        if number
    }
    unfinished = {
        f"{owner}: {left}" for owner in owners if (left := store.counts.unfinished(owner))
    }
    return {
        "counters": counted | unfinished,
        "events to relay": {id for id, _ in store.events_to_relay.waiting(10)},
        "usage to fold": {row.id for row in store.usage.unfolded(10)},
    }


def merged(*parts: Left) -> Left:
    found: dict[str, set[str]] = {}
    for part in parts:
        for kind, names in part.items():
            found[kind] = found.get(kind, set()) | names
    return found


def beyond(left: Left, before: Left) -> dict[str, list[str]]:
    """Return what was not there before."""
    new = {kind: sorted(names - before.get(kind, set())) for kind, names in left.items()}
    return {kind: names for kind, names in new.items() if names}
