"""With `stop_on_failure`, a checker looks at nothing after the first test that failed."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.domain.execution import Execution, Outcome
from app.domain.language import Language
from app.domain.pod import Pod
from app.domain.report import Report, StageOutput
from app.infrastructure.memory.runtime import MemoryRuntime, Script
from tests.support.constants import changed
from tests.support.twins import make_twins
from tests.unit.test_checker_parts import CHECKER, Checking
from tests.unit.test_checking import is_checker, stage

GOOD = {b"0 fine": Outcome.SUCCESS, b"7 points 1": Outcome.SUCCESS}
BAD = {
    b"1 wrong": Outcome.WRONG_OUTPUT,
    b"7 points .5": Outcome.WRONG_OUTPUT,
    b"3 broken": Outcome.CHECKER_ERROR,
}
SAID = GOOD | BAD


class Remembering(MemoryRuntime):
    """Remembers how pods ended that were deleted."""

    most: int | None = None

    def __init__(self) -> None:
        super().__init__()
        self.ended: dict[str, Report] = {}

    def delete(self, name: str) -> None:
        found = self.observe(name)
        if found and found.report:
            self.ended[name] = found.report
        super().delete(name)

    def languages(self) -> list[Language]:
        return [replace(each, max_input_bytes=self.most) for each in super().languages()]


class Stopping(Checking):
    """Each output has the exit code of its check, and what that says."""

    def __init__(self, *outputs: bytes, wall_us: int = 1, **policy: Any) -> None:
        self.runtime = Remembering()
        super().__init__(*outputs, twins=make_twins(runtime=self.runtime, **policy))
        self._wall_us = wall_us

    def _script(self, pod: Pod) -> Script:
        script = super()._script(pod)
        if not is_checker(pod):
            return script
        printed = [run.files[1].content for run in pod.runs]
        said = tuple(StageOutput(stdout=b"", stderr=text[2:]) for text in printed)
        runs = tuple(replace(stage(int(text[:1])), wall_us=self._wall_us) for text in printed)
        ends = Report(compile=stage(), runs=runs)
        # A pod with one run prints what `prints` says.
        return replace(script, outputs=said, prints_errors=said[0].stderr, ends=ends)

    def run(self, **facts: Any) -> Execution:
        done = super().run(**facts)
        self.checked = [
            run.files[1].content
            for pod in self.pods
            for run, report in zip(pod.runs, self.runtime.ended[pod.name].runs, strict=True)
            if report is not None
        ]
        self.outcomes = [test.outcome for test in self.tests(done)]
        return done


@given(texts=st.lists(st.sampled_from(list(SAID)), min_size=1, max_size=7), room=st.integers(0, 99))
@example(texts=[b"7 points 1", b"0 fine", b"7 points 1", b"1 wrong", b"0 fine"], room=999)
def test_each_check_until_the_first_that_fails_is_made_once(texts: list[bytes], room: int) -> None:
    checking = Stopping(*texts)
    own = Pod.of_checker("", CHECKER, (), 0).input_bytes
    with changed(checks__PART_BYTES=own + room):
        checking.run(stop_on_failure=True)

    failed = next((index for index, text in enumerate(texts) if text in BAD), len(texts))
    needed = texts[: failed + 1]
    assert checking.checked == needed
    skipped = [None] * (len(texts) - len(needed))
    assert checking.outcomes == [SAID[text] for text in needed] + skipped


def test_a_pod_stops_by_itself() -> None:
    checking = Stopping(b"0 fine", b"7 points 1", b"0 fine", b"1 wrong", b"0 fine", b"0 fine")
    checking.run(stop_on_failure=True)
    assert [len(pod.runs) for pod in checking.pods] == [6, 4]
    assert all(pod.stop_on_failure for pod in checking.pods)


def test_without_it_all_are_looked_at() -> None:
    checking = Stopping(b"1 wrong", b"0 fine", b"3 broken")
    checking.run()
    assert checking.checked == [b"1 wrong", b"0 fine", b"3 broken"]
    assert checking.outcomes == [Outcome.WRONG_OUTPUT, Outcome.SUCCESS, Outcome.CHECKER_ERROR]
    assert not any(pod.stop_on_failure for pod in checking.pods)


def test_nothing_is_looked_at_after_an_output_that_is_too_large() -> None:
    checking = Stopping(b"0 fine", b"0 " + b"x" * 90, b"0 fine")
    checking.runtime.most = 100
    with changed(checks__PART_BYTES=50):
        checking.run(stop_on_failure=True)
    assert checking.checked == [b"0 fine"]
    assert checking.outcomes == [Outcome.SUCCESS, Outcome.CHECKER_ERROR, None]


@pytest.mark.parametrize("stop", [True, False])
def test_if_the_time_is_used_up_the_next_one_is_an_error(*, stop: bool) -> None:
    """Each check takes 25 s, and 60 s are allowed."""
    checking = Stopping(*[b"7 points 1"] * 4, wall_us=25_900_000, max_wall_seconds=60)
    checking.run(stop_on_failure=stop)
    assert checking.checked == [b"7 points 1"] * 2
    late = Outcome.CHECKER_ERROR
    assert checking.outcomes == [Outcome.SUCCESS] * 2 + [late, None if stop else late]
