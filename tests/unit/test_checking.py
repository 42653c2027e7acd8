"""Tests and their checker through the steps: what is run, in which state, and what is left."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from app.domain.errors import RunRefused
from app.domain.execution import Execution, Outcome, State
from app.domain.pod import Pod
from app.domain.report import Limit, Report, StageOutput, StageReport
from app.domain.result import Result
from app.domain.submission import Checker, ExpectedOutput, File, KeepOutput, SubmittedTest
from app.infrastructure.memory.runtime import MemoryRuntime, Script, exited
from app.service.cancel import cancel
from app.service.monitor import poll
from app.service.sweep import sweep
from tests.support.builders import a_submission
from tests.support.twins import Twins, make_twins
from tests.support.worker import Worker
from tests.unit.test_pipeline import assert_nothing_left, now_of, run_until_terminal

CHECKER = Checker(
    language="c",
    language_version="12.2",
    files=(File("main.c", b"int main;"),),
    entrypoint="main.c",
    limits=a_submission().limits,
    compile_limits=a_submission().compile_limits,
)
COUNT = 5


def stage(code: int | None = 0, stopped_by: Limit | None = None) -> StageReport:
    run = exited(code or 0).run
    assert run
    return replace(run, stopped_by=stopped_by)


def report(*runs: StageReport) -> Report:
    return Report(compile=None, runs=runs)


def printing(*texts: bytes) -> tuple[StageOutput, ...]:
    return tuple(StageOutput(stdout=text, stderr=b"") for text in texts)


def saying(*texts: bytes) -> tuple[StageOutput, ...]:
    return tuple(StageOutput(stdout=b"", stderr=text) for text in texts)


def is_checker(pod: Pod) -> bool:
    return "-c" in pod.name


def scripts(program: Script, checker: Script) -> Callable[[Pod], Script]:
    return lambda pod: checker if is_checker(pod) else program


def five(**facts: object) -> tuple[SubmittedTest, ...]:
    return tuple(
        SubmittedTest(name=f"t{number}", stdin=b"%d" % number, points=number, **facts)  # type: ignore[arg-type]  # any field of a test
        for number in range(1, COUNT + 1)
    )


def result_of(twins: Twins, execution: Execution) -> Result:
    result = twins.store.results.get(now_of(twins, execution).result_id or "")
    assert result is not None
    return result


def outcomes(twins: Twins, execution: Execution) -> list[str]:
    return [str(test.outcome or "skipped") for test in result_of(twins, execution).tests]


# comparing


def test_each_test_is_compared_with_its_own_output(twins: Twins, worker: Worker) -> None:
    twins.runtime.script = lambda _: Script(outputs=printing(b"1", b"2", b"x", b"4", b"5"))
    tests = tuple(
        replace(test, expected_output=ExpectedOutput(b"%d\n" % number))
        for number, test in enumerate(five(), 1)
    )
    execution = twins.submit(tests=tests)

    worker.run_all()

    done = now_of(twins, execution)
    assert (done.state, done.outcome) == (State.COMPLETED, Outcome.WRONG_OUTPUT)
    assert (done.exit_code, done.signal, done.tests) == (None, None, COUNT)
    assert outcomes(twins, execution) == ["success"] * 2 + ["wrong_output"] + ["success"] * 2
    assert [test.points for test in result_of(twins, execution).tests] == [1, 2, 0, 4, 5]
    printed = [run.stdout for run in result_of(twins, execution).output.runs if run]
    assert printed == [b"1", b"2", b"x", b"4", b"5"]
    assert_nothing_left(twins)


def test_tests_after_a_wrong_output_count_as_skipped(twins: Twins, worker: Worker) -> None:
    twins.runtime.script = lambda _: Script(outputs=printing(b"1", b"x"), prints=b"1")
    execution = twins.submit(
        tests=five(), expected_output=ExpectedOutput(b"1"), stop_on_failure=True
    )
    worker.run_all()
    assert outcomes(twins, execution) == ["success", "wrong_output"] + ["skipped"] * 3
    assert now_of(twins, execution).message is None


@pytest.mark.parametrize(
    ("keep", "printed"),
    [
        (KeepOutput.ALL, [b"1", b"x", b"1", b"1", b"1"]),
        (KeepOutput.FAILURES, [b"", b"x", b"", b"", b""]),
        (KeepOutput.NONE, [b""] * COUNT),
    ],
)
def test_output_that_is_not_kept_is_not_stored(
    twins: Twins, worker: Worker, keep: KeepOutput, printed: list[bytes]
) -> None:
    twins.runtime.script = lambda _: Script(outputs=printing(b"1", b"x"), prints=b"1")
    execution = twins.submit(tests=five(), expected_output=ExpectedOutput(b"1"), keep_output=keep)
    worker.run_all()
    stored = result_of(twins, execution).output.runs
    assert [run.stdout for run in stored if run] == printed


# checkers


def test_a_checker_looks_at_each_test_that_ended_well(twins: Twins, worker: Worker) -> None:
    asked: list[Pod] = []

    def script(pod: Pod) -> Script:
        asked.append(pod)
        if not is_checker(pod):
            ends = report(stage(), stage(1), stage(stopped_by=Limit.WALL), stage(), stage())
            return Script(outputs=printing(b"a", b"b", b"c", b"d", b"e"), ends=ends)
        said = saying(b"", b"no", b"points 0.5")
        return Script(ends=report(stage(0), stage(1), stage(7)), outputs=said)

    twins.runtime.script = script
    tests = five(expected_output=ExpectedOutput(b"answer"))
    execution = twins.submit(tests=tests, checker=CHECKER)

    worker.run_all()

    done = now_of(twins, execution)
    assert (done.state, done.outcome) == (State.COMPLETED, Outcome.RUNTIME_ERROR)
    found = result_of(twins, execution).tests
    assert [(str(test.outcome), test.points, test.message) for test in found] == [
        ("success", 1, None),
        ("runtime_error", 0, None),
        ("time_limit", 0, None),
        ("wrong_output", 0, "no"),
        ("wrong_output", 2.5, "points 0.5"),
    ]
    program, checker = asked
    assert [run.files for run in program.runs] == [()] * COUNT
    assert [tuple(file.content for file in run.files) for run in checker.runs] == [
        (b"1", b"a", b"answer"),
        (b"4", b"d", b"answer"),
        (b"5", b"e", b"answer"),
    ]
    assert twins.runtime.created == [execution.id.lower() + "-1", execution.id.lower() + "-1-c"]
    assert_nothing_left(twins)


def test_a_single_run_is_checked_too(twins: Twins, worker: Worker) -> None:
    twins.runtime.script = scripts(
        Script(prints=b"42"), Script(ends=exited(1), prints_errors=b"wrong answer")
    )
    execution = twins.submit(checker=CHECKER)
    worker.run_all()
    done = now_of(twins, execution)
    assert (done.outcome, done.exit_code, done.message) == (
        Outcome.WRONG_OUTPUT,
        0,
        "wrong answer",
    )
    assert result_of(twins, execution).tests == ()


def test_without_anything_to_check_there_is_no_checker(twins: Twins, worker: Worker) -> None:
    twins.runtime.script = lambda _: Script(ends=exited(1))
    execution = twins.submit(tests=five(), checker=CHECKER)
    worker.run_all()
    assert outcomes(twins, execution) == ["runtime_error"] * COUNT
    assert len(twins.runtime.created) == 1


@pytest.mark.parametrize(
    ("checker", "message"),
    [
        (Script(ends=Report(compile=stage(1), runs=()),
                compile_output=StageOutput(stdout=b"", stderr=b"no ;")),
         "The checker could not be compiled: no ;"),
        (Script(ends=report(stage(stopped_by=Limit.MEMORY))),
         "A limit stopped the checker: memory_mib"),
        (Script(ends=exited(signal="SIGSEGV")), "The checker was ended by SIGSEGV"),
        (Script(ends=exited(3), prints_errors=b"fail"), "fail"),
    ],
)  # fmt: skip
def test_what_the_program_did_is_kept_if_the_checker_fails(
    twins: Twins, worker: Worker, checker: Script, message: str
) -> None:
    twins.runtime.script = scripts(Script(prints=b"out"), checker)
    execution = twins.submit(tests=five(), checker=CHECKER)

    worker.run_all()

    done = now_of(twins, execution)
    assert (done.state, done.outcome) == (State.COMPLETED, Outcome.CHECKER_ERROR)
    result = result_of(twins, execution)
    assert {test.message for test in result.tests} == {message}
    assert [run.stdout for run in result.output.runs if run] == [b"out"] * COUNT


def checking(twins: Twins, worker: Worker) -> tuple[Execution, str]:
    """An execution whose checker runs on, and the name of the checker's pod."""
    twins.runtime.script = scripts(Script(prints=b"out"), Script(ends=None))
    execution = twins.submit(tests=five(), checker=CHECKER)
    worker.run_all()
    row = now_of(twins, execution)
    assert row.checker_pod() in twins.runtime.list_pods()
    return row, row.checker_pod()


def test_while_the_checker_runs_the_execution_is_running(twins: Twins, worker: Worker) -> None:
    row, pod = checking(twins, worker)
    assert (row.state, row.outcome) == (State.RUNNING, None)
    sweep(twins.ports)
    assert pod in twins.runtime.list_pods()
    for _ in range(COUNT):
        twins.runtime.end_run(pod, stage(0))
    run_until_terminal(twins, worker, row)
    assert now_of(twins, row).outcome is Outcome.SUCCESS
    assert_nothing_left(twins)


def test_cancelling_ends_the_checker(twins: Twins, worker: Worker) -> None:
    row, _ = checking(twins, worker)
    cancel(twins.ports, row)
    worker.run_all()
    assert now_of(twins, row).state is State.CANCELLED
    assert_nothing_left(twins)


@pytest.mark.parametrize("which", ["program", "checker"])
def test_a_lost_pod_is_not_a_verdict(twins: Twins, worker: Worker, which: str) -> None:
    row, pod = checking(twins, worker)
    twins.runtime.fault(pod) if which == "checker" else twins.runtime.lose(row.pod)
    twins.runtime.script = scripts(Script(prints=b"out"), Script())
    run_until_terminal(twins, worker, row)
    done = now_of(twins, row)
    assert (done.outcome, done.attempt) == (Outcome.SUCCESS, 2)
    assert_nothing_left(twins)


def test_a_checker_that_is_forgotten_is_started_again(twins: Twins, worker: Worker) -> None:
    row, pod = checking(twins, worker)
    twins.runtime.lose(pod)
    twins.runtime.script = scripts(Script(prints=b"out"), Script())
    run_until_terminal(twins, worker, row)
    assert (now_of(twins, row).attempt, now_of(twins, row).outcome) == (1, Outcome.SUCCESS)


@pytest.mark.parametrize("script", [Script(ends=None), Script(starts=False)])
def test_a_checker_that_never_ends_ends_the_attempt(script: Script) -> None:
    twins = make_twins(max_attempts=1)
    worker = Worker(twins.ports)
    twins.runtime.script = scripts(Script(prints=b"out"), script)
    execution = twins.submit(checker=CHECKER)
    worker.run_all()
    run_until_terminal(twins, worker, execution)
    done = now_of(twins, execution)
    assert (done.state, done.message) == (
        State.FAILED,
        "the checker did not end before its deadline",
    )
    assert_nothing_left(twins)


class RefusesCheckers(MemoryRuntime):
    def create(self, pod: Pod) -> None:
        if is_checker(pod):
            raise RunRefused("it is too large")
        super().create(pod)


def test_a_checker_that_can_never_run_fails_the_execution() -> None:
    twins = make_twins(runtime=RefusesCheckers())
    worker = Worker(twins.ports)
    execution = twins.submit(checker=CHECKER)
    worker.run_all()
    done = now_of(twins, execution)
    assert (done.state, done.message, done.attempt) == (
        State.FAILED,
        "the runtime refused the checker: it is too large",
        1,
    )
    assert_nothing_left(twins)


def test_a_checker_that_nobody_owns_is_an_orphan(twins: Twins, worker: Worker) -> None:
    execution = twins.submit()
    worker.run_all()
    twins.runtime.create(replace(Pod.of(f"{execution.id.lower()}-1-c", a_submission())))
    sweep(twins.ports)
    assert twins.runtime.list_pods() == []


def test_a_verdict_that_changed_is_not_stored(twins: Twins, worker: Worker) -> None:
    """Another checker than the one that judged has ended otherwise."""
    row, pod = checking(twins, worker)
    for _ in range(COUNT):
        twins.runtime.end_run(pod, stage(0))
    assert poll(twins.ports, row.id)
    assert now_of(twins, row).state is State.FINISHED
    twins.runtime.report(pod, report=report(*[stage(1)] * COUNT))
    twins.runtime.script = scripts(Script(prints=b"out"), Script())
    run_until_terminal(twins, worker, row)
    assert (now_of(twins, row).attempt, now_of(twins, row).outcome) == (2, Outcome.SUCCESS)
