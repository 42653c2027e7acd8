"""Heartbeats of sandbox hosts, in memory."""

from collections.abc import Iterable, Mapping
from threading import Lock

from app.domain.errors import NameTaken
from app.domain.execution import SECOND, Time
from app.domain.hosts import Group, HostReport, HostSize, groups_of
from app.ports import Clock
from app.ports.hosts import HOST_SECONDS


class MemoryHosts:
    def __init__(self, clock: Clock) -> None:
        """`clock` is the one that all hosts share."""
        self._clock = clock
        self._lock = Lock()
        self._owners: dict[str, str] = {}
        self._reports: dict[str, HostReport] = {}
        self._seen: dict[str, Time] = {}
        self._database: str | None = None

    def put(self, report: HostReport) -> None:
        with self._lock:
            owner = self._owners.get(report.name, report.owner)
            if owner != report.owner and self._is_alive(report.name):
                raise NameTaken(report.name)
            self._owners[report.name] = report.owner
            self._reports[report.name] = report
            self._seen[report.name] = self._clock()

    def holds(self, name: str, owner: str) -> bool:
        with self._lock:
            return self._owners.get(name) == owner and self._is_alive(name)

    def remove(self, name: str, owner: str | None = None) -> None:
        with self._lock:
            if owner is not None and self._owners.get(name, owner) != owner:
                return
            self._owners.pop(name, None)
            self._reports.pop(name, None)
            self._seen.pop(name, None)

    def leave(self, name: str, owner: str) -> None:
        with self._lock:
            if self._owners.get(name) == owner:
                del self._owners[name]

    def owners(self) -> Mapping[str, str]:
        with self._lock:
            return {name: owner for name, owner in self._owners.items() if self._is_alive(name)}

    def alive(self) -> list[HostReport]:
        with self._lock:
            names = sorted(name for name in self._reports if self._is_alive(name))
            return [self._reports[name] for name in names]

    def sizes(self) -> Mapping[str, HostSize]:
        return {host.name: HostSize.of(host) for host in self.alive()}

    def groups(self) -> list[Group]:
        return groups_of(self.sizes().values())

    def lost(self) -> Mapping[str, str | None]:
        with self._lock:
            lost = sorted(name for name in self._seen if not self._is_alive(name))
            return {name: self._group(name) for name in lost}

    def _group(self, name: str) -> str | None:
        report = self._reports.get(name)
        return HostSize.of(report).group if report else None

    def put_database(self, identity: str) -> None:
        self._database = identity

    def database(self) -> str | None:
        return self._database

    def expect(self, names: Iterable[str]) -> None:
        with self._lock:
            for name in names:
                self._seen.setdefault(name, self._clock())

    def _is_alive(self, name: str) -> bool:
        return self._seen[name] >= self._clock() - int(HOST_SECONDS * SECOND)
