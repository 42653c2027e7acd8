"""What processes and places report, in memory."""

from threading import Lock
from typing import Generic, TypeAlias, TypeVar

from app.domain.execution import Time
from app.domain.place import PlaceReport
from app.domain.sighting import Finding, TickReport
from app.domain.worker import WorkerReport

R = TypeVar("R", WorkerReport, PlaceReport, TickReport, Finding)


class MemoryReports(Generic[R]):
    def __init__(self) -> None:
        self._lock = Lock()
        self._reports: dict[str, R] = {}

    def put(self, report: R) -> None:
        with self._lock:
            self._reports[report.name] = report

    def add(self, report: R) -> None:
        with self._lock:
            self._reports.setdefault(report.name, report)

    def remove(self, name: str) -> None:
        with self._lock:
            self._reports.pop(name, None)

    def since(self, time: Time) -> list[R]:
        with self._lock:
            self._reports = {
                name: report for name, report in self._reports.items() if report.seen_at >= time
            }
            return [self._reports[name] for name in sorted(self._reports)]


MemoryWorkerReports: TypeAlias = MemoryReports[WorkerReport]
MemoryPlaceReports: TypeAlias = MemoryReports[PlaceReport]
MemoryTickReports: TypeAlias = MemoryReports[TickReport]
MemoryFindings: TypeAlias = MemoryReports[Finding]
