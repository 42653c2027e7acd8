"""Heartbeats of sandbox hosts, in memory."""

from collections.abc import Iterable, Mapping
from threading import Lock

from app.domain.execution import SECOND, Time
from app.domain.hosts import HostReport, HostSize
from app.ports import Clock
from app.ports.hosts import HOST_SECONDS


class MemoryHosts:
    def __init__(self, clock: Clock) -> None:
        """`clock` is the one that all hosts share."""
        self._clock = clock
        self._lock = Lock()
        self._reports: dict[str, HostReport] = {}
        self._seen: dict[str, Time] = {}

    def put(self, report: HostReport) -> None:
        with self._lock:
            self._reports[report.name] = report
            self._seen[report.name] = self._clock()

    def remove(self, name: str) -> None:
        with self._lock:
            self._reports.pop(name, None)
            self._seen.pop(name, None)

    def alive(self) -> list[HostReport]:
        with self._lock:
            names = sorted(name for name in self._reports if self._is_alive(name))
            return [self._reports[name] for name in names]

    def sizes(self) -> Mapping[str, HostSize]:
        return {host.name: HostSize.of(host) for host in self.alive()}

    def lost(self) -> Mapping[str, str | None]:
        with self._lock:
            lost = sorted(name for name in self._seen if not self._is_alive(name))
            return {name: self._group(name) for name in lost}

    def _group(self, name: str) -> str | None:
        report = self._reports.get(name)
        return HostSize.of(report).group if report else None

    def expect(self, names: Iterable[str]) -> None:
        with self._lock:
            for name in names:
                self._seen.setdefault(name, self._clock())

    def _is_alive(self, name: str) -> bool:
        return self._seen[name] >= self._clock() - int(HOST_SECONDS * SECOND)
