"""The port of metrics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from app.domain.execution import Execution


@dataclass(frozen=True, slots=True)
class Gauge:
    """A value as it is at this moment, once for each combination of its labels' values."""

    name: str
    """By the conventions of Prometheus: with the unit, such as `_seconds`, at the end."""
    help: str
    labels: tuple[str, ...]
    samples: Mapping[tuple[str, ...], float]


METRICS_MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
"""Of Prometheus' text format."""


class Metrics(Protocol):
    """Counts what happens, for operators. Only `serve` raises an error."""

    def execution_ended(self, execution: Execution) -> None:
        """It has become terminal."""

    def step_done(self, step: str, seconds: float) -> None:
        """A worker has done a step, in whichever way it ended."""

    def watch_restarted(self) -> None:
        """The watch of the runtime ended with an error, and begins again."""

    def request_answered(self, method: str, route: str, status: int) -> None:
        """The API has answered. A route has the names of its parameters, never their values."""

    def exposition(self, gauges: Sequence[Gauge] = ()) -> bytes:
        """All that was counted, and the gauges, in Prometheus' text format."""

    def serve(self, host: str, port: int) -> int:
        """Serve what was counted in background threads, for as long as the process lives.

        Returns the port. Raises OSError where it can't listen.
        """
