"""Judges what a pod printed, with a checker if there is one.

Nothing is remembered: the result processor judges again what the monitor has judged, from the same
pods, and comes to the same judgements.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from app.domain.execution import Execution
from app.domain.judging import Judgement, checked, compared, judged, runs_to_judge
from app.domain.pod import Judged, Observation, Output, Pod, Report, StageOutput
from app.domain.submission import Checker, Submission
from app.ports import Runtime


class OutputLost(Exception):
    """The runtime no longer has what a pod printed."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A pod that has ended."""

    name: str
    report: Report

    @classmethod
    def of(cls, observation: Observation) -> "Ended":
        if observation.report is None:
            raise ValueError(f"pod {observation.name} has not ended")
        return cls(observation.name, observation.report)


def judge(
    runtime: Runtime, submission: Submission, pod: Ended, checker: Ended | None
) -> list[Judgement | None]:
    """The judgement on each run. Reads output only if it matters. Raises OutputLost."""
    if submission.checker is None:
        return _compare(runtime, submission, pod)
    if checker is None:
        return judged(submission, pod.report, _nothing_to_check)
    return _check(runtime, submission, pod, checker)


def _compare(runtime: Runtime, submission: Submission, pod: Ended) -> list[Judgement | None]:
    if not submission.judges_output:
        return judged(submission, pod.report, lambda index: compared(submission, index, b""))
    outputs = _Outputs(runtime, pod)
    return judged(
        submission,
        pod.report,
        lambda index: compared(submission, index, outputs.of(index).stdout),
    )


def _check(
    runtime: Runtime, submission: Submission, pod: Ended, checker: Ended
) -> list[Judgement | None]:
    places = {run: place for place, run in enumerate(runs_to_judge(submission, pod.report))}
    said = _Outputs(runtime, checker)

    def look(index: int) -> Judgement:
        place = places[index]
        if not checker.report.runs:
            compiled = said.of_compiler()
            return checked(checker.report, place, compiled)
        ran = checker.report.runs[place] is not None
        return checked(checker.report, place, said.of(place) if ran else None)

    return judged(submission, pod.report, look)


def _nothing_to_check(index: int) -> Judgement:
    raise ValueError(f"run {index} has to be checked")


class _Outputs:
    """Outputs of a pod's runs, asked for in order: a few are in memory at a time."""

    def __init__(self, runtime: Runtime, pod: Ended) -> None:
        self._runtime = runtime
        self._pod = pod
        self._first = 0
        self._held: Output | None = None

    def of(self, index: int) -> StageOutput:
        held = self._held
        if held is None or index >= self._first + len(held.runs):
            held = self._read(index)
        found = held.runs[index - self._first]
        if found is None:
            raise OutputLost(self._pod.name)
        return found

    def of_compiler(self) -> StageOutput | None:
        return self._read(0).compile

    def _read(self, index: int) -> Output:
        self._held = None
        found = self._runtime.output(self._pod.name, index)
        if found is None or (not found.runs and self._pod.report.runs):
            raise OutputLost(self._pod.name)
        self._first, self._held = index, found
        return found


def outputs(runtime: Runtime, pod: Ended) -> Iterator[Output]:
    """Everything that the pod printed, some runs at a time. Raises OutputLost."""
    first = 0
    while True:
        found = runtime.output(pod.name, first)
        if found is None or (not found.runs and first < len(pod.report.runs)):
            raise OutputLost(pod.name)
        yield found
        first += len(found.runs)
        if first >= len(pod.report.runs):
            return


def checker_pod(
    runtime: Runtime,
    execution: Execution,
    submission: Submission,
    checker: Checker,
    pod: Ended,
    most_wall_seconds: float,
) -> Pod:
    """The pod that checks all runs whose output decides. Raises OutputLost."""
    runs = Pod.of(pod.name, submission).runs
    printed = _Outputs(runtime, pod)
    to_check = [
        _judged(submission, index, runs[index].stdin, printed.of(index).stdout)
        for index in runs_to_judge(submission, pod.report)
    ]
    checking = Pod.of_checker(execution.checker_pod, checker, to_check, most_wall_seconds)
    return checking.owned_by(execution.owner)


def _judged(submission: Submission, index: int, stdin: bytes, stdout: bytes) -> Judged:
    expected = submission.expected(index)
    return Judged(input=stdin, output=stdout, answer=expected.content if expected else b"")
