"""Reads what ended pods printed, some runs at a time."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.domain.report import Observation, Output, Report, StageOutput
from app.ports import Runtime


class OutputLost(Exception):
    """The runtime no longer has what a pod printed."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A pod that has ended."""

    name: str
    report: Report
    output: Output | None = None
    """All that it printed, if the runtime has given that already."""

    @classmethod
    def of(cls, observation: Observation) -> "Ended":
        if observation.report is None:
            raise ValueError(f"pod {observation.name} has not ended")
        return cls(observation.name, observation.report, observation.output)

    def printed(self, runtime: Runtime, first: int) -> Output | None:
        """What `Runtime.output` returns: from that run on, as many as it gives at once."""
        if self.output is None:
            return runtime.output(self.name, first)
        return self.output.beginning_with(first)


class Outputs:
    """Outputs of a pod's runs, asked for in order: a few are in memory at a time.

    All methods raise OutputLost.
    """

    def __init__(self, runtime: Runtime, pod: Ended) -> None:
        self._runtime = runtime
        self._pod = pod
        self._first = 0
        self._held: Output | None = None

    def of(self, index: int) -> StageOutput:
        held = self._held
        if held is None or not self._first <= index < self._first + len(held.runs):
            held = self._read(index)
        return present(self._pod, held.runs[index - self._first])

    def of_compiler(self) -> StageOutput | None:
        return self._read(0).compile

    def _read(self, index: int) -> Output:
        self._held = None
        found = self._pod.printed(self._runtime, index)
        if found is None or (not found.runs and self._pod.report.runs):
            raise OutputLost(self._pod.name)
        self._first, self._held = index, found
        return found


def present(pod: Ended, output: StageOutput | None) -> StageOutput:
    """The output of a run that was not skipped. Raises OutputLost."""
    if output is None:
        raise OutputLost(pod.name)
    return output


def outputs(runtime: Runtime, pod: Ended) -> Iterator[Output]:
    """Everything that the pod printed, some runs at a time. Raises OutputLost."""
    first = 0
    while True:
        found = pod.printed(runtime, first)
        if found is None or (not found.runs and first < len(pod.report.runs)):
            raise OutputLost(pod.name)
        yield found
        first += len(found.runs)
        if first >= len(pod.report.runs):
            return
