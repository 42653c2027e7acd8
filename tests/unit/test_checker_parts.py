"""The checks of an attempt in several pods of the checker, as much as each has room for."""

import re
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.execution import Execution, Outcome, State
from app.domain.judging import JudgedTest
from app.domain.language import Language
from app.domain.pod import Pod, check
from app.domain.report import Output, Report, StageOutput
from app.domain.submission import Checker, ExpectedOutput, File, SubmittedTest
from app.infrastructure.folder.blobs import FolderBlobs
from app.infrastructure.memory.runtime import MemoryRuntime, Script, exited
from app.service.cancel import cancel
from app.service.checks import CHECK_BYTES, PART_BYTES
from app.service.saga import compensate
from app.service.sweep import sweep
from sandbox.init.protocol import INIT
from tests.support.builders import a_submission
from tests.support.constants import changed
from tests.support.twins import Twins, make_twins
from tests.support.worker import Worker
from tests.unit.test_checking import is_checker, printing, result_of, stage
from tests.unit.test_pipeline import assert_nothing_left, now_of, run_until_terminal

KIB, MIB = 1 << 10, 1 << 20
CHECKER = Checker(
    language="c",
    language_version="12.2",
    files=(File("main.c", b"int main;"),),
    entrypoint="main.c",
    limits=replace(a_submission().limits, wall_seconds=10),
    compile_limits=replace(a_submission().compile_limits, wall_seconds=10),
)


def numbered(count: int, **facts: object) -> tuple[SubmittedTest, ...]:
    return tuple(SubmittedTest(name=str(number), **facts) for number in range(count))  # type: ignore[arg-type]  # any field of a test


class Checking:
    """Runs an execution whose checker says of each output the number that it begins with."""

    def __init__(self, *outputs: bytes, twins: Twins | None = None) -> None:
        self.twins = twins or make_twins()
        self.pods: list[Pod] = []
        self.ends = stage(1)
        self.twins.runtime.script = self._script
        self._outputs = printing(*outputs)

    def _script(self, pod: Pod) -> Script:
        if not is_checker(pod):
            return Script(outputs=self._outputs, prints=self._outputs[0].stdout)
        self.pods.append(pod)
        said = [StageOutput(stdout=b"", stderr=run.files[1].content[:8]) for run in pod.runs]
        ends = Report(compile=stage(), runs=(self.ends,))
        return Script(outputs=tuple(said), prints_errors=said[0].stderr, ends=ends)

    def run(self, **facts: Any) -> Execution:
        tests = numbered(len(self._outputs))
        execution = self.twins.submit(tests=tests, checker=CHECKER, **facts)
        worker = Worker(self.twins.ports)
        worker.run_all()
        run_until_terminal(self.twins, worker, execution)
        assert_nothing_left(self.twins)
        return now_of(self.twins, execution)

    def tests(self, execution: Execution) -> tuple[JudgedTest, ...]:
        return result_of(self.twins, execution).tests


def sizes(pods: list[Pod]) -> list[int]:
    return [len(pod.runs) for pod in pods]


def test_a_pod_has_as_many_checks_as_there_is_room_for() -> None:
    texts = [b"%d" % number + b" " * (900 * KIB) for number in range(5)]
    checking = Checking(*texts)

    done = checking.run()

    assert (done.state, done.outcome, done.attempt) == (
        State.COMPLETED,
        Outcome.WRONG_OUTPUT,
        1,
    )
    assert sizes(checking.pods) == [2, 2, 1]
    name = done.id.lower() + "-1-c"
    assert [pod.name for pod in checking.pods] == [name, f"{name}2", f"{name}3"]
    assert all(pod.input_bytes <= PART_BYTES for pod in checking.pods)
    assert {pod.owner for pod in checking.pods} == {checking.pods[0].owned_by("ada").owner}
    assert [test.message for test in checking.tests(done)] == list("01234")


@settings(max_examples=40)
@given(
    outputs=st.lists(st.integers(0, 40), min_size=1, max_size=9),
    room=st.integers(0, 60),
)
def test_each_check_is_made_once_and_in_order(outputs: list[int], room: int) -> None:
    texts = [b"%d|" % number + b"x" * size for number, size in enumerate(outputs)]
    checking = Checking(*texts)
    own = Pod.of_checker("", CHECKER, (), 0).input_bytes
    names = 2 * len("inputoutputanswer") + 3
    with changed(checks__PART_BYTES=own + names + room):
        done = checking.run()

    checked = [run.files[1].content for pod in checking.pods for run in pod.runs]
    assert checked == texts
    said = [text[:8].decode() for text in texts]
    assert [test.message for test in checking.tests(done)] == said
    for pod, following in zip(checking.pods, checking.pods[1:], strict=False):
        assert len(pod.runs) == 1 or pod.input_bytes <= own + names + room
        together = pod.input_bytes + following.runs[0].input_bytes
        assert together > own + names + room


def test_checks_fill_the_room_of_a_pod_exactly() -> None:
    checking = Checking(b"0123", b"5678")
    runs = [check(CHECKER, b"", text, b"") for text in (b"0123", b"5678")]
    exactly = Pod.of_checker("", CHECKER, runs, 0).input_bytes
    for room, expected in ((exactly, [2]), (exactly - 1, [1, 1])):
        checking.pods.clear()
        with changed(checks__PART_BYTES=room):
            checking.run()
        assert sizes(checking.pods) == expected


def test_the_time_of_all_checks_is_that_of_all_pods_together() -> None:
    """Each check takes 25 s, and 60 s are allowed: two, and none in a third pod's 10 s."""
    twins = make_twins(max_wall_seconds=60)
    checking = Checking(b"0", b"1", b"2", b"3", twins=twins)
    checking.ends = replace(stage(1), wall_us=25_900_000)
    with changed(checks__PART_BYTES=1):
        done = checking.run()
    assert [round(pod.wall_seconds) for pod in checking.pods] == [60, 34]
    found = checking.tests(done)
    assert [test.message for test in found[:2]] == ["0", "1"]
    assert {(test.outcome, test.message) for test in found[2:]} == {
        (Outcome.CHECKER_ERROR, "The time of all checks was used up")
    }


def test_the_first_pod_has_time_for_one_check_at_least() -> None:
    checking = Checking(b"0", twins=make_twins(max_wall_seconds=1))
    checking.run()
    assert [pod.wall_seconds for pod in checking.pods] == [20]


def test_a_checker_that_is_not_compiled_is_not_tried_again(twins: Twins, worker: Worker) -> None:
    broken = Report(compile=stage(1), runs=())
    twins.runtime.script = lambda pod: (
        Script(ends=broken, compile_output=StageOutput(stdout=b"", stderr=b"no ;"))
        if is_checker(pod)
        else Script(prints=b"out")
    )
    execution = twins.submit(tests=numbered(3), checker=CHECKER)
    with changed(checks__PART_BYTES=1):
        worker.run_all()
    assert len(twins.runtime.created) == 2
    found = result_of(twins, execution).tests
    assert {test.message for test in found} == {"The checker could not be compiled: no ;"}


# usage


def test_what_the_checker_used_counts() -> None:
    """Two runs of the program, two of the checker, and its compiler in each of two pods."""
    checking = Checking(b"0", b"1")
    with changed(checks__PART_BYTES=1):
        done = checking.run()
    assert done.cpu_us == 6 * 1_000
    (run, *_) = result_of(checking.twins, done).report.runs
    assert run
    assert run.cpu_us == 1_000


# what no pod has room for


class Small(MemoryRuntime):
    """Accepts so much input."""

    most = 0
    asked = 0

    def languages(self) -> list[Language]:
        self.asked += 1
        return [replace(each, max_input_bytes=self.most) for each in super().languages()]


def small(most: int) -> Twins:
    runtime = Small()
    runtime.most = most
    return make_twins(runtime=runtime)


def test_a_check_that_is_too_large_is_an_error_of_its_test() -> None:
    twins = small(100)
    checking = Checking(b"0", b"1" + b"x" * 90, b"2", twins=twins)
    with changed(checks__PART_BYTES=50):
        done = checking.run()
    assert done.outcome is Outcome.WRONG_OUTPUT
    assert [run.files[1].content for pod in checking.pods for run in pod.runs] == [b"0", b"2"]
    found = checking.tests(done)
    assert [test.message for test in found] == [
        "0",
        "The checker, input, output and answer have 143 bytes, and at most 100 are possible",
        "2",
    ]
    assert found[1].outcome is Outcome.CHECKER_ERROR


def test_a_check_may_have_exactly_what_is_possible() -> None:
    checking = Checking(b"1" + b"x" * 90, twins=small(143))
    with changed(checks__PART_BYTES=50):
        done = checking.run()
    assert [test.message for test in checking.tests(done)] == ["1xxxxxxx"]


def test_if_all_are_too_large_there_is_no_checker() -> None:
    checking = Checking(b"0", b"1", twins=small(1))
    with changed(checks__PART_BYTES=0):
        done = checking.run()
    assert (done.outcome, checking.pods) == (Outcome.CHECKER_ERROR, [])


def test_most_checks_are_judged_without_asking_what_is_possible() -> None:
    twins = small(1)
    checking = Checking(b"0", twins=twins)
    checking.run()
    assert isinstance(twins.runtime, Small)
    assert twins.runtime.asked == 0


def test_a_submission_s_own_output_limit_decides_whether_it_is_read() -> None:
    """A check could be too large, but isn't."""
    twins = small(10**9)
    checking = Checking(b"0", twins=twins)
    limits = replace(a_submission().limits, output_kib=4096)
    done = checking.run(limits=limits)
    assert isinstance(twins.runtime, Small)
    assert twins.runtime.asked > 0
    assert [test.message for test in checking.tests(done)] == ["0"]


def test_init_takes_the_largest_check() -> None:
    (most,) = re.findall(r"BODY_MAX \((\d+)u << 20\)", INIT.with_name("protocol.h").read_text())
    assert int(most) * MIB - CHECK_BYTES == MIB


def test_a_runtime_without_a_limit_of_its_own_has_that_of_a_run() -> None:
    checking = Checking(b"0", b"1" + b"x" * 90, twins=make_twins())
    with changed(checks__PART_BYTES=50, checks__CHECK_BYTES=100):
        done = checking.run()
    messages = [test.message for test in checking.tests(done)]
    assert messages == [
        "0",
        "The checker, input, output and answer have 143 bytes, and at most 100 are possible",
    ]


# clean-up, and what is lost


def with_two_pods(twins: Twins, worker: Worker) -> Execution:
    """An execution whose second pod of the checker runs on."""

    def script(pod: Pod) -> Script:
        if not is_checker(pod):
            return Script(prints=b"out")
        return Script(ends=None if pod.name.endswith("-c2") else exited())

    twins.runtime.script = script
    execution = twins.submit(tests=numbered(2), checker=CHECKER)
    worker.run_all()
    row = now_of(twins, execution)
    pods = [row.pod, row.checker_pod(), row.checker_pod(2)]
    assert sorted(twins.runtime.list_pods()) == pods
    assert row.state is State.RUNNING
    return row


@pytest.fixture
def each_alone() -> object:
    with changed(checks__PART_BYTES=1):
        yield


@pytest.mark.usefixtures("each_alone")
def test_cancelling_ends_all_pods(twins: Twins, worker: Worker) -> None:
    row = with_two_pods(twins, worker)
    sweep(twins.ports)
    assert len(twins.runtime.list_pods()) == 3
    cancel(twins.ports, row)
    worker.run_all()
    assert_nothing_left(twins)


@pytest.mark.usefixtures("each_alone")
def test_the_second_pod_has_a_deadline_of_its_own(twins: Twins, worker: Worker) -> None:
    row = with_two_pods(twins, worker)
    run_until_terminal(twins, worker, row)
    done = now_of(twins, row)
    assert done.message == "the checker did not end before its deadline"
    assert_nothing_left(twins)


@pytest.mark.usefixtures("each_alone")
def test_the_deadline_begins_when_the_pod_before_has_ended() -> None:
    twins = make_twins(max_wall_seconds=20, start_timeout=10, max_attempts=1)
    worker = Worker(twins.ports)
    twins.runtime.script = lambda pod: Script(ends=None if is_checker(pod) else exited())
    execution = twins.submit(tests=numbered(2), checker=CHECKER)
    worker.run_all()
    row = now_of(twins, execution)
    for number in (1, 2):
        twins.clock.advance(35)
        sweep(twins.ports)
        worker.run_all()
        assert now_of(twins, execution).state is State.RUNNING
        twins.runtime.end(row.checker_pod(number), Report(compile=None, runs=(stage(),)))
        twins.pipeline.start(execution.id, State.RUNNING)
        worker.run_all()
    assert now_of(twins, execution).state is State.COMPLETED


def test_a_pod_may_run_as_long_as_all_its_tests_together_may_take() -> None:
    """Far longer than one of them; the runtime did not end it."""
    twins = make_twins(max_wall_seconds=1_000, start_timeout=10, max_attempts=1)
    worker = Worker(twins.ports)
    twins.runtime.script = lambda _: Script(ends=None)
    execution = twins.submit(tests=numbered(2))
    worker.run_all()
    states = []
    for seconds in (1_000, 20):
        twins.clock.advance(seconds)
        sweep(twins.ports)
        worker.run_all()
        states.append(now_of(twins, execution).state)
    assert states[0] is State.RUNNING
    assert states[1].terminal
    assert now_of(twins, execution).message == (
        "the runtime did not end the program at its time limit"
    )


@pytest.mark.usefixtures("each_alone")
@pytest.mark.parametrize("number", [1, 2])
def test_a_pod_that_is_lost_is_started_again(twins: Twins, worker: Worker, number: int) -> None:
    row = with_two_pods(twins, worker)
    twins.runtime.lose(row.checker_pod(number))
    twins.runtime.script = lambda _: Script()
    if number == 1:
        twins.runtime.end(row.checker_pod(2), Report(compile=None, runs=(stage(),)))
    run_until_terminal(twins, worker, row)
    done = now_of(twins, row)
    assert (done.outcome, done.attempt) == (Outcome.SUCCESS, 1)
    assert_nothing_left(twins)


@pytest.mark.usefixtures("each_alone")
def test_a_pod_of_an_execution_that_was_cancelled_meanwhile_is_deleted() -> None:
    """Whoever created it deletes it, without waiting for the search for orphans."""

    class Cancels(MemoryRuntime):
        def create(self, pod: Pod) -> None:
            super().create(pod)
            if pod.name.endswith("-c2"):
                cancel(twins.ports, now_of(twins, execution))
                compensate(twins.ports, execution.id)
                super().create(pod)

    twins = make_twins(runtime=Cancels())
    execution = twins.submit(tests=numbered(2), checker=CHECKER)
    Worker(twins.ports).run_all()
    assert twins.runtime.created[-1].endswith("-c2")
    assert_nothing_left(twins)


@pytest.mark.parametrize("name", ["c2", "c7-1", "c199"])
def test_whichever_pod_nobody_owns_is_an_orphan(twins: Twins, worker: Worker, name: str) -> None:
    execution = twins.submit()
    worker.run_all()
    twins.runtime.create(Pod.of(f"{execution.id.lower()}-1-{name}", a_submission()))
    sweep(twins.ports)
    assert twins.runtime.list_pods() == []


def test_whoever_is_killed_while_cleaning_up_leaves_the_first_pods(
    twins: Twins, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that the next one finds them all."""
    with changed(checks__PART_BYTES=1):
        row = with_two_pods(twins, worker)
    deleted: list[str] = []
    monkeypatch.setattr(twins.runtime, "delete", deleted.append)
    cancel(twins.ports, row)
    worker.run_all()
    assert deleted[:3] == [row.pod, row.checker_pod(2), row.checker_pod()]


# memory


class Copying(MemoryRuntime):
    """Like a runtime in another process: it has its own copies of all contents."""

    def create(self, pod: Pod) -> None:
        super().create(replace(pod, runs=tuple(replace(run, files=()) for run in pod.runs)))

    def output(self, name: str, first_run: int = 0) -> Output | None:
        found = super().output(name, first_run)
        assert found
        runs = (run and replace(run, stdout=bytes(bytearray(run.stdout))) for run in found.runs)
        return replace(found, runs=tuple(runs))


def test_memory_stays_flat_while_a_checker_looks_at_64_mib(tmp_path: Path) -> None:
    twins = make_twins(runtime=Copying())
    ports = replace(twins.ports, blobs=FolderBlobs(tmp_path))
    each = StageOutput(stdout=b"x" * 4 * MIB, stderr=b"")
    checks: list[int] = []

    def script(pod: Pod) -> Script:
        if is_checker(pod):
            checks.append(len(pod.runs))
            return Script()
        return Script(outputs=(each,) * len(pod.runs))

    twins.runtime.script = script
    execution = twins.submit(
        tests=numbered(16), checker=CHECKER, expected_output=ExpectedOutput(b"y" * MIB)
    )
    tracemalloc.start()
    with changed(monitor__FIRST_LOOK_SECONDS=0, checker_pods__FIRST_LOOK_SECONDS=0):
        Worker(ports).run_all()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert now_of(twins, execution).outcome is Outcome.SUCCESS
    assert checks == [1] * 16
    assert peak < 32 * MIB, "four outputs and a check at once"
