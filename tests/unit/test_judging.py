"""The rules by which tests are judged, for every way in which runs can end."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.compare import Compare, CompareKind
from app.domain.execution import Outcome
from app.domain.judging import (
    Judgement,
    compared,
    judged,
    judged_tests,
    kept,
    message_about,
    outcome_of,
    outcome_of_all,
    runs_to_judge,
)
from app.domain.pod import Pod, check
from app.domain.report import Limit, Report, StageOutput, StageReport
from app.domain.submission import (
    Checker,
    ExpectedOutput,
    File,
    KeepOutput,
    Submission,
    SubmittedTest,
)
from app.domain.testlib import MESSAGE_CHARACTERS, checked
from tests.support.builders import a_submission
from tests.support.judging import a_stage


def a_report(compiled: StageReport | None, ended: Sequence[StageReport | None]) -> Report:
    return Report(compile=compiled, runs=tuple(ended))


RIGHT, WRONG = Judgement(Outcome.SUCCESS, 1), Judgement(Outcome.WRONG_OUTPUT, 0)
runs = st.sampled_from(
    [
        a_stage(),
        a_stage(1),
        a_stage(None, "SIGSEGV"),
        *(a_stage(None, "SIGKILL", each) for each in Limit),
    ]
)
skipping = st.lists(runs | st.none(), min_size=1, max_size=8).map(
    lambda found: [a_stage() if found[0] is None else found[0], *found[1:]]
)
verdicts = st.sampled_from(
    [RIGHT, WRONG, Judgement(Outcome.WRONG_OUTPUT, 0.5), Judgement(Outcome.CHECKER_ERROR, 0, "x")]
)


def with_tests(count: int, **facts: Any) -> Submission:
    tests = tuple(SubmittedTest(name=str(number), points=10) for number in range(count))
    return a_submission(tests=tests, **facts)


@given(skipping, st.lists(verdicts, min_size=8, max_size=8), st.booleans())
def test_every_combination(
    found: Sequence[StageReport | None], said: Sequence[Judgement], stop: bool
) -> None:
    submission, report = with_tests(len(found), stop_on_failure=stop), a_report(None, tuple(found))
    asked: list[int] = []

    def judge_output(index: int) -> Judgement:
        asked.append(index)
        return said[index]

    judgements = judged(submission, report, judge_output)
    tests = judged_tests(submission, judgements)
    outcomes = [test.outcome for test in tests]

    assert [test.name for test in tests] == [str(number) for number in range(len(found))]
    failed = False
    for run, test, verdict in zip(found, tests, said, strict=False):
        if run is None or (stop and failed):
            assert (test.outcome, test.points) == (None, 0)
            continue
        decided = outcome_of(run)
        assert test.outcome is (decided or verdict.outcome)
        assert test.points == (0 if decided else 10 * verdict.share)
        failed = failed or test.outcome is not Outcome.SUCCESS
    assert set(asked) <= set(runs_to_judge(submission, report))
    assert asked == sorted(set(asked))
    whole = outcome_of_all(judgements)
    assert (whole is Outcome.SUCCESS) is (set(outcomes) == {Outcome.SUCCESS})
    first = next((each for each in outcomes if each is not Outcome.SUCCESS), Outcome.SUCCESS)
    assert whole is (first or Outcome.TIME_LIMIT)


@given(skipping, st.booleans())
def test_no_run_is_checked_after_one_that_ended_badly(
    found: Sequence[StageReport | None], stop: bool
) -> None:
    asked = runs_to_judge(
        with_tests(len(found), stop_on_failure=stop), a_report(None, tuple(found))
    )
    bad = [index for index, run in enumerate(found) if run is not None and run.failed]
    end = bad[0] if stop and bad else len(found)
    assert asked == [i for i, run in enumerate(found[:end]) if run is not None and not run.failed]


def test_after_a_compile_error_there_are_no_tests() -> None:
    submission, report = with_tests(3), a_report(a_stage(1), ())
    judgements = judged(submission, report, lambda _: RIGHT)
    assert outcome_of_all(judgements) is Outcome.COMPILE_ERROR
    assert judged_tests(submission, judgements) == ()


def test_one_run_without_tests_has_none() -> None:
    assert judged_tests(a_submission(), [RIGHT]) == ()


@pytest.mark.parametrize(
    ("ended", "stderr", "outcome", "share", "message"),
    [
        (a_stage(0), b"", Outcome.SUCCESS, 1, None),
        (a_stage(0), b"ok 3 numbers\n", Outcome.SUCCESS, 1, "ok 3 numbers"),
        (a_stage(1), b"wrong answer", Outcome.WRONG_OUTPUT, 0, "wrong answer"),
        (a_stage(2), b"", Outcome.WRONG_OUTPUT, 0, None),
        (a_stage(7), b"points 1", Outcome.SUCCESS, 1, "points 1"),
        (a_stage(7), b"points 1.0 good", Outcome.SUCCESS, 1, "points 1.0 good"),
        (a_stage(7), b"points 0.25\nhalf", Outcome.WRONG_OUTPUT, 0.25, "points 0.25\nhalf"),
        (a_stage(7), b"points 0", Outcome.WRONG_OUTPUT, 0, "points 0"),
        (a_stage(7), b"points .5", Outcome.WRONG_OUTPUT, 0.5, "points .5"),
        (a_stage(7), b"points 1.01", Outcome.CHECKER_ERROR, 0, "points 1.01"),
        (a_stage(7), b"points -1", Outcome.CHECKER_ERROR, 0, "points -1"),
        (a_stage(7), b"points nan", Outcome.CHECKER_ERROR, 0, "points nan"),
        (a_stage(7), b"points 0.5x", Outcome.CHECKER_ERROR, 0, "points 0.5x"),
        (a_stage(7), b"points 1e-1", Outcome.CHECKER_ERROR, 0, "points 1e-1"),
        (a_stage(7), b"points " + b"9" * 5000, Outcome.CHECKER_ERROR, 0,
         "points " + "9" * (MESSAGE_CHARACTERS - 7)),
        (a_stage(7), b"x points 1", Outcome.CHECKER_ERROR, 0, "x points 1"),
        (a_stage(7), b"", Outcome.CHECKER_ERROR, 0,
         "The checker exited with 7, but did not begin with points and a number from 0 to 1"),
        (a_stage(3), b"fail", Outcome.CHECKER_ERROR, 0, "fail"),
        (a_stage(3), b"", Outcome.CHECKER_ERROR, 0, "The checker exited with 3"),
        (a_stage(None, "SIGSEGV"), b"", Outcome.CHECKER_ERROR, 0,
         "The checker was ended by SIGSEGV"),
        (a_stage(0, None, Limit.WALL), b"", Outcome.CHECKER_ERROR, 0,
         "A limit stopped the checker: wall_seconds"),
        (a_stage(1), b"\xff\0", Outcome.WRONG_OUTPUT, 0, "\ufffd\0"),
        (a_stage(1), "€".encode() * 2000, Outcome.WRONG_OUTPUT, 0, "€" * MESSAGE_CHARACTERS),
    ],
)  # fmt: skip
def test_what_a_checker_says(
    ended: StageReport, stderr: bytes, outcome: Outcome, share: float, message: str | None
) -> None:
    output = StageOutput(stdout=b"points 1", stderr=stderr)
    assert checked(a_report(None, (ended,)), 0, output) == Judgement(outcome, share, message)


def test_a_checker_that_does_not_compile_judges_nothing() -> None:
    report = a_report(a_stage(1), ())
    compiler = StageOutput(stdout=b"", stderr=b"main.c:1: expected ;")
    assert checked(report, 0, compiler) == Judgement(
        Outcome.CHECKER_ERROR, 0, "The checker could not be compiled: main.c:1: expected ;"
    )


def test_a_check_that_no_longer_fits_is_an_error_of_the_checker() -> None:
    judgement = checked(a_report(None, (a_stage(), None)), 1, None)
    assert judgement.outcome is Outcome.CHECKER_ERROR
    assert judgement.message == "The time of all checks was used up"


@pytest.mark.parametrize(
    ("test", "stdout", "outcome"),
    [
        (SubmittedTest(name="1"), b"x ", Outcome.SUCCESS),
        (SubmittedTest(name="1"), b"y", Outcome.WRONG_OUTPUT),
        (SubmittedTest(name="1", expected_output=ExpectedOutput(b"y")), b"y", Outcome.SUCCESS),
        (SubmittedTest(name="1", compare=Compare(CompareKind.EXACT)), b"x ", Outcome.WRONG_OUTPUT),
        (SubmittedTest(name="1", compare=Compare(CompareKind.TOKENS)), b"\nx", Outcome.SUCCESS),
    ],
)
def test_a_test_is_compared_with_its_own_or_the_common_output(
    test: SubmittedTest, stdout: bytes, outcome: Outcome
) -> None:
    submission = a_submission(tests=(test,), expected_output=ExpectedOutput(b"x"))
    assert compared(submission, 0, stdout).outcome is outcome


def test_without_an_expected_output_every_output_is_right() -> None:
    assert compared(with_tests(1), 0, b"anything") == RIGHT


@pytest.mark.parametrize(
    ("keep", "expected"),
    [
        (KeepOutput.ALL, [True, True, True]),
        (KeepOutput.FAILURES, [False, True, True]),
        (KeepOutput.NONE, [False, False, False]),
    ],
)
def test_of_which_tests_the_output_is_kept(keep: KeepOutput, expected: list[bool]) -> None:
    submission = with_tests(3, keep_output=keep)
    assert [kept(submission, each) for each in (RIGHT, WRONG, None)] == expected


def test_skipped_tests_are_explained_unless_a_failure_explains_them() -> None:
    late = a_report(None, (a_stage(), None, None))
    said = "The time of all tests was used up: 2 of 3 were skipped"
    assert message_about(with_tests(3), late, [RIGHT, None, None]) == said
    stopped = a_report(None, (a_stage(1), None, None))
    submission = with_tests(3, stop_on_failure=True)
    assert message_about(submission, stopped, [WRONG, None, None]) is None
    assert message_about(a_submission(), a_report(None, (a_stage(),)), [RIGHT]) is None
    error = Judgement(Outcome.CHECKER_ERROR, 0, "broken")
    assert message_about(a_submission(), a_report(None, (a_stage(),)), [error]) == "broken"


def test_tests_that_were_skipped_for_lack_of_time_are_counted_if_none_failed() -> None:
    submission = with_tests(3, stop_on_failure=True)
    message = message_about(
        submission, a_report(None, (a_stage(), None, None)), [RIGHT, None, None]
    )
    assert message == "The time of all tests was used up: 2 of 3 were skipped"


def test_what_a_compiler_of_checkers_says_is_cut() -> None:
    said = StageOutput(stdout=b"", stderr=b"x" * 2 * MESSAGE_CHARACTERS)
    found = checked(a_report(a_stage(1), ()), 0, said)
    assert found.message
    assert len(found.message) == MESSAGE_CHARACTERS


# what enters the places where programs run

CHECKER = Checker(
    language="c",
    language_version="12.2",
    files=(File("main.c", b"checker"),),
    entrypoint="main.c",
    limits=a_submission().limits,
    compile_limits=a_submission().compile_limits,
)


def test_what_judges_never_enters_the_place_where_the_program_runs() -> None:
    submission = a_submission(
        stdin=b"common",
        expected_output=ExpectedOutput(b"SECRET"),
        checker=Checker(
            language="c",
            language_version="SECRET",
            files=(File("main.c", b"SECRET"),),
            entrypoint="main.c",
            limits=CHECKER.limits,
            compile_limits=CHECKER.compile_limits,
            compile_args=("SECRET",),
        ),
        tests=(
            SubmittedTest(name="SECRET", expected_output=ExpectedOutput(b"SECRET"), points=987654),
            SubmittedTest(name="2", stdin=b"", args=("a",), env={}, files=(File("f", b"g"),)),
        ),
    )
    pod = Pod.of("pod-1", submission)
    assert "SECRET" not in repr(pod)
    assert "987654" not in repr(pod)
    assert [run.stdin for run in pod.runs] == [b"common", b""]
    assert [run.args for run in pod.runs] == [(), ("a",)]
    assert [run.files for run in pod.runs] == [(), (File("f", b"g"),)]
    assert pod.wall_seconds == 600


def test_a_checker_gets_input_output_and_answer() -> None:
    big = b"x" * (1024 * 1024)
    checks = (check(CHECKER, b"1", b"2", b"3"), check(CHECKER, big, b"", b"y"))
    pod = Pod.of_checker("01j-1-c", CHECKER, checks, 600)
    first, second = pod.runs
    assert first.args == ("input", "output", "answer")
    assert first.files == (File("input", b"1"), File("output", b"2"), File("answer", b"3"))
    assert first.limits.disk_mib == CHECKER.limits.disk_mib + 1
    assert second.limits.disk_mib == CHECKER.limits.disk_mib + 2
    assert pod.files == CHECKER.files
    assert not pod.stop_on_failure
