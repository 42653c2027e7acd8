"""Heartbeats of workers and beat, in memory."""

from threading import Lock

from app.domain.execution import Time
from app.domain.worker import WorkerReport


class MemoryWorkerReports:
    def __init__(self) -> None:
        self._lock = Lock()
        self._reports: dict[str, WorkerReport] = {}

    def put(self, report: WorkerReport) -> None:
        with self._lock:
            self._reports[report.name] = report

    def remove(self, name: str) -> None:
        with self._lock:
            self._reports.pop(name, None)

    def since(self, time: Time) -> list[WorkerReport]:
        with self._lock:
            self._reports = {
                name: report for name, report in self._reports.items() if report.seen_at >= time
            }
            return [self._reports[name] for name in sorted(self._reports)]
