"""The port of metrics. app/ports/families.py has their names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from app.domain.execution import Execution
from app.domain.fault import Fault
from app.domain.sighting import Found
from app.ports.families import Family


@dataclass(frozen=True, slots=True)
class Gauge:
    """A current value for each combination of label values."""

    family: Family
    samples: Mapping[tuple[str, ...], float]


METRICS_MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
"""The media type of Prometheus's text format."""


class Metrics(Protocol):
    """Counts what happens, for operators. Only `serve` raises errors."""

    def execution_ended(self, execution: Execution) -> None:
        """Count an execution that has become terminal."""

    def attempt_started(self) -> None:
        """Count an attempt."""

    def attempt_ended(self, fault: Fault) -> None:
        """Count an attempt that ended without a verdict."""

    def compiled(self, *, cached: bool) -> None:
        """Count a compile stage. `cached` says that no compiler ran."""

    def callback_tried(self, result: Literal["delivered", "failed", "abandoned"]) -> None:
        """Count a try to deliver a callback."""

    def step_done(self, step: str, seconds: float) -> None:
        """Record the time of a step that a worker has done, however it ended."""

    def step_waited(self, step: str, seconds: float) -> None:
        """Record how long the message of a step or tick was in its queue."""

    def swept(self, found: Found, count: int) -> None:
        """Count what a sweep found that it should not find."""

    def watch_restarted(self) -> None:
        """Count a restart of the runtime's watch after an error."""

    def request_answered(self, method: str, route: str, status: int) -> None:
        """Count a response of the API. A route contains its parameters' names, not their values."""

    def exposition(self, gauges: Sequence[Gauge] = ()) -> bytes:
        """Return all counters and the gauges in Prometheus's text format."""

    def serve(self, host: str, port: int) -> int:
        """Serve the counters in background threads for the life of the process.

        Returns the port. Raises OSError if it can't listen.
        """
