"""CPU, memory and descriptors of the processes that serve together."""

import os
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from prometheus_client import ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from app.infrastructure.prometheus.folder import VARIABLE

_LEAST: Final = {"process_start_time_seconds", "process_max_fds"}
"""Of these, the least of all processes is reported; of the others, the sum."""


class Processes(Collector):
    """The values of this process and of those that it shares its session and its folder with.

    A scrape reaches any of them, and counters must not go back and forth.
    """

    def collect(self) -> Iterable[Metric]:
        found: dict[str, list[Metric]] = defaultdict(list)
        for pid in _pids():
            for metric in _of(pid).collect():
                found[metric.name].append(metric)
        for name, metrics in found.items():
            values = [metric.samples[0].value for metric in metrics]
            first = metrics[0].samples[0]
            value = min(values) if name in _LEAST else sum(values)
            metrics[0].samples[0] = first._replace(value=value)
            yield metrics[0]


def _of(pid: int) -> ProcessCollector:
    return ProcessCollector(pid=lambda: pid, registry=None)


def _pids() -> set[int]:
    """Processes are named by their files. Another one that reuses a pid has another session."""
    pids = {os.getpid()}
    if folder := os.environ.get(VARIABLE):
        for file in Path(folder).glob("*.db"):
            pid = int(file.stem.rpartition("_")[2])
            with suppress(ProcessLookupError):
                if os.getsid(pid) == os.getsid(0):
                    pids.add(pid)
    return pids
