"""The checks of one attempt: what the checker looks at, and what it said.

A pod of the checker has as many checks as its input has room for; the next pod has those that
follow. How many a pod made is known from its report, so nothing needs to be remembered.

With `stop_on_failure`, a pod skips all checks after the first that did not exit with 0. If that one
gave all points all the same, the next pod continues behind it; otherwise no more are needed.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Final

from app.domain.execution import SECOND, Outcome
from app.domain.judging import Judgement, runs_to_judge
from app.domain.language import max_input_bytes
from app.domain.pod import Pod, Run, check
from app.domain.report import StageOutput
from app.domain.submission import Checker, Submission
from app.domain.testlib import NO_TIME_LEFT, checked, too_large
from app.ports import Runtime
from app.service.outputs import Ended, Outputs

PART_BYTES: Final = 2 * 1024 * 1024
"""What a pod of a checker is given, unless a single check needs more: so much is in memory."""
CHECK_BYTES: Final = 23 * 1024 * 1024
"""What a single check can have. It is a little below what init takes for one run."""
_KIB: Final = 1024


@dataclass(frozen=True, slots=True)
class _Part:
    """A pod of the checker that has ended, and the number of its first check."""

    first: int
    pod: Ended
    said: Outputs
    stops: bool
    """Whether it skipped all checks after one that did not exit with 0."""

    @property
    def after(self) -> int:
        """The number of the first check that it did not make."""
        return self.first + sum(run is not None for run in self.pod.report.runs)

    @property
    def failed(self) -> bool:
        """Whether nothing is to be checked after this pod."""
        if not self.stops or not self.pod.report.runs:
            return False
        return self.judgement(self.after - 1).outcome is not Outcome.SUCCESS

    def judgement(self, number: int) -> Judgement:
        report, place = self.pod.report, number - self.first
        if not report.runs:
            return checked(report, 0, self.said.of_compiler())
        ran = report.runs[place] is not None
        return checked(report, place, self.said.of(place) if ran else None)


class _Room:
    """Makes the checks, as far as a pod of the checker has room for them."""

    def __init__(self, runtime: Runtime, submission: Submission, checker: Checker) -> None:
        self._runtime = runtime
        self._submission = submission
        self._checker = checker
        self._judged = Pod.of("", submission).runs
        self._own_bytes = Pod.of_checker("", checker, (), 0).input_bytes

    def check(self, index: int, stdout: bytes) -> Run:
        expected = self._submission.expected(index)
        answer = expected.content if expected else b""
        return check(self._checker, self._judged[index].stdin, stdout, answer)

    def part(self, checks: Iterator[Run]) -> Iterator[Run]:
        """The first check, and as many more as there is room for."""
        first = next(checks)
        yield first
        left = PART_BYTES - self._own_bytes - first.input_bytes
        for each in checks:
            left -= each.input_bytes
            if left < 0:
                return
            yield each

    def problem(self, index: int, read: Callable[[], StageOutput]) -> Judgement | None:
        """The judgement if no pod has room for this check.

        Most checks are small, whatever the program prints: then nothing has to be read.
        """
        size = self._own_bytes + self.check(index, b"").input_bytes
        most_printed = self._judged[index].limits.output_kib * _KIB
        if size + most_printed <= PART_BYTES or size + most_printed <= self._most:
            return None
        size += len(read().stdout)
        return too_large(size, self._most) if size > self._most else None

    @cached_property
    def _most(self) -> int:
        """Asks the runtime, which may have less room."""
        checker, languages = self._checker, self._runtime.languages()
        most = max_input_bytes(languages, checker.language, checker.language_version)
        return CHECK_BYTES if most is None else min(most, CHECK_BYTES)


class Checks:
    """Raises OutputLost if what it needs is gone."""

    def __init__(
        self,
        runtime: Runtime,
        submission: Submission,
        checker: Checker,
        pod: Ended,
        most_wall_seconds: float,
    ) -> None:
        self._runtime = runtime
        self.checker = checker
        self._printed = Outputs(runtime, pod)
        self._room = _Room(runtime, submission, checker)
        self._to_judge = runs_to_judge(submission, pod.report)
        self._stops = submission.stop_on_failure
        self._most_wall_seconds = most_wall_seconds
        self._parts: list[_Part] = []
        self._judged = 0

    @property
    def cpu_us(self) -> int:
        """CPU time of the checker and of its compiler."""
        return sum(part.pod.report.cpu_us for part in self._parts)

    @property
    def next_number(self) -> int:
        """Of the pod of the checker that follows those that have ended."""
        return len(self._parts) + 1

    @property
    def complete(self) -> bool:
        """Whether there is nothing left to check, or no time, or no checker."""
        if self._checked == len(self._runs):
            return True
        if self._parts and self._parts[-1].failed:
            return True
        compiled = all(part.pod.report.runs for part in self._parts)
        return not compiled or self._seconds_left < self.checker.limits.wall_seconds

    def next_pod(self, name: str) -> Pod:
        """The pod with the checks that follow."""
        left = self._runs[self._checked :]
        checks = (self._room.check(index, self._printed.of(index).stdout) for index in left)
        runs = list(self._room.part(checks))
        return Pod.of_checker(
            name, self.checker, runs, self._seconds_left, stop_on_failure=self._stops
        )

    def add(self, ended: Ended) -> None:
        """That pod has ended."""
        said = Outputs(self._runtime, ended)
        self._parts.append(_Part(self._checked, ended, said, self._stops))

    def judgement(self, index: int, read: Callable[[], StageOutput]) -> Judgement:
        """What the checker said about the run of that index. It is asked about them in order."""
        if problem := self._room.problem(index, read):
            return problem
        number, self._judged = self._judged, self._judged + 1
        for part in self._parts:
            if number < part.after or not part.pod.report.runs:
                return part.judgement(number)
        return NO_TIME_LEFT

    @cached_property
    def _runs(self) -> Sequence[int]:
        """The indices of the runs that the checker looks at."""
        found = []
        for index in self._to_judge:
            if not self._room.problem(index, partial(self._printed.of, index)):
                found.append(index)
            elif self._stops:
                break
        return found

    @property
    def _checked(self) -> int:
        return self._parts[-1].after if self._parts else 0

    @property
    def _seconds_left(self) -> float:
        """The first pod can always compile the checker and run it once."""
        checker = self.checker
        alone = checker.compile_limits.wall_seconds + checker.limits.wall_seconds
        used_us = sum(part.pod.report.wall_us for part in self._parts)
        return max(self._most_wall_seconds, alone) - used_us / SECOND
