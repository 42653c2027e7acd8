"""Metrics in Prometheus's text format, by its client library."""

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
    start_http_server,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from app.domain.execution import Execution
from app.domain.fault import Fault
from app.domain.sighting import Found
from app.infrastructure.prometheus import allocated
from app.infrastructure.prometheus.folder import VARIABLE
from app.infrastructure.prometheus.processes import Processes
from app.infrastructure.prometheus.restarts import ChildRestarts
from app.listening import listening_at
from app.ports import Gauge, families
from app.ports.families import Family

_WAIT_BUCKETS: Final = (0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30, 60)
_STEP_BUCKETS: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)

disable_created_metrics()
allocated.install()


class PrometheusMetrics:
    """Counts in this process, or in a folder that several processes on a host share.

    The variable `PROMETHEUS_MULTIPROC_DIR` decides which. The library opens no connections, so
    tests use this class too. While the disk is full, new counters are left out.
    """

    def __init__(self) -> None:
        self._own = CollectorRegistry()
        self._ended = self._counter(families.ENDED)
        self._faults = self._counter(families.FAULTS)
        self._compiles = self._counter(families.COMPILES)
        self._callbacks = self._counter(families.CALLBACKS)
        self._swept = self._counter(families.SWEPT)
        self._requests = self._counter(families.REQUESTS)
        self._steps = self._histogram(families.STEPS, _STEP_BUCKETS)
        self._waits = self._histogram(families.WAITS, _WAIT_BUCKETS)
        with suppress(OSError):
            self._watch_restarts  # noqa: B018  # shown as 0 from the start
            self._attempts  # noqa: B018  # too

    @cached_property
    def _watch_restarts(self) -> Counter:
        """A counter without labels, which takes space in the folder at once. Raises OSError."""
        return self._counter(families.WATCH_RESTARTS)

    @cached_property
    def _attempts(self) -> Counter:
        """Raises OSError."""
        return self._counter(families.ATTEMPTS)

    def _counter(self, family: Family) -> Counter:
        return Counter(family.name, family.help, family.labels, registry=self._own)

    def _histogram(self, family: Family, buckets: Sequence[float]) -> Histogram:
        return Histogram(
            family.name, family.help, family.labels, buckets=buckets, registry=self._own
        )

    def execution_ended(self, execution: Execution) -> None:
        with suppress(OSError):
            self._ended.labels(execution.state, execution.outcome or "").inc()

    def attempt_started(self) -> None:
        with suppress(OSError):
            self._attempts.inc()

    def attempt_ended(self, fault: Fault) -> None:
        with suppress(OSError):
            self._faults.labels(fault).inc()

    def compiled(self, *, cached: bool) -> None:
        with suppress(OSError):
            self._compiles.labels("hit" if cached else "miss").inc()

    def callback_tried(self, result: str) -> None:
        with suppress(OSError):
            self._callbacks.labels(result).inc()

    def step_done(self, step: str, seconds: float) -> None:
        with suppress(OSError):
            self._steps.labels(step).observe(seconds)

    def step_waited(self, step: str, seconds: float) -> None:
        with suppress(OSError):
            self._waits.labels(step).observe(seconds)

    def swept(self, found: Found, count: int) -> None:
        with suppress(OSError):
            self._swept.labels(found).inc(count)

    def watch_restarted(self) -> None:
        with suppress(OSError):
            self._watch_restarts.inc()

    def request_answered(self, method: str, route: str, status: int) -> None:
        with suppress(OSError):
            self._requests.labels(method, route, str(status)).inc()

    def exposition(self, gauges: Sequence[Gauge] = ()) -> bytes:
        return generate_latest(self._registry(gauges))

    def serve(self, host: str, port: int) -> int:
        with listening_at(host, port):
            server, _ = start_http_server(port, host, self._registry())
        return server.server_port

    def _registry(self, gauges: Sequence[Gauge] = ()) -> CollectorRegistry:
        registry = CollectorRegistry()
        registry.register(_Counted(self._own))
        registry.register(Processes())
        registry.register(ChildRestarts())
        registry.register(_Gauges(gauges))
        return registry


class _Counted(Collector):
    """The counters of this process, or of all processes that share the folder."""

    def __init__(self, own: CollectorRegistry) -> None:
        self._own = own

    def collect(self) -> Iterable[Metric]:
        if VARIABLE not in os.environ:
            return self._own.collect()
        shared = CollectorRegistry()
        MultiProcessCollector(shared)
        return shared.collect()


class _Gauges(Collector):
    def __init__(self, gauges: Sequence[Gauge]) -> None:
        self._gauges = gauges

    def collect(self) -> Iterable[GaugeMetricFamily]:
        for gauge in self._gauges:
            family = gauge.family
            shown = GaugeMetricFamily(family.name, family.help, labels=family.labels)
            for values, number in gauge.samples.items():
                shown.add_metric(values, number)
            yield shown
