"""What every runtime does with a pod that runs its program several times."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest

from app.domain.execution import Outcome
from app.domain.language import Language
from app.domain.pod import Pod, Run
from app.domain.policy import DEFAULT_LIMITS
from app.domain.report import Limit, Observation, Output, Phase, StageReport
from app.domain.submission import File
from app.infrastructure.memory.runtime import MemoryRuntime
from app.ports import Runtime
from tests.contracts.programs import BROKEN, CATS, ENDS, RUNS_ON, SHOWS, SLEEPS, STAYS, Program
from tests.support.judging import judge
from tests.support.sandbox_daemon import a_pod, a_run, language, wait_for_end
from tests.support.waiting import wait_until

QUICK = replace(DEFAULT_LIMITS, wall_seconds=5)


@pytest.fixture
def bash(runtime: Runtime) -> Language:
    found = language(runtime, "bash")
    if found.max_runs == 1:
        pytest.skip("it runs a program once only")
    return found


def a_pod_of(bash: Language, program: Program, runs: Sequence[Run], **facts: object) -> Pod:
    return a_pod(bash, program.source, runs=tuple(runs), **facts)


def ended(runtime: Runtime, pod: Pod) -> tuple[Observation, Output]:
    """Run it to its end, and collect all of its output."""
    observation = wait_for_end(runtime, pod)
    assert observation.phase is Phase.ENDED, observation.message
    assert observation.report
    output = runtime.output(pod.name)
    assert output
    while len(output.runs) < len(observation.report.runs):
        more = runtime.output(pod.name, len(output.runs))
        assert more
        assert more.compile is None
        assert more.runs
        output = replace(output, runs=output.runs + more.runs)
    return observation, output


def reports(observation: Observation) -> tuple[StageReport | None, ...]:
    assert observation.report
    return observation.report.runs


def printed(output: Output) -> list[bytes | None]:
    return [run.stdout if run else None for run in output.runs]


def test_runs_are_in_order_and_each_reads_its_own_input(runtime: Runtime, bash: Language) -> None:
    inputs = [f"{number}\n".encode() for number in range(7)]
    pod = a_pod_of(bash, CATS, [a_run(stdin=each) for each in inputs])

    observation, output = ended(runtime, pod)

    assert printed(output) == inputs
    assert [run and run.exit_code for run in reports(observation)] == [0] * 7
    assert judge(observation, None, output).outcome is Outcome.SUCCESS


def test_runs_can_share_their_input(runtime: Runtime, bash: Language) -> None:
    large, other = b"x" * 200_000, b"y" * 300
    inputs = [large, other, b"", *(large, other) * 9]
    runs = [a_run(stdin=each) for each in inputs]
    pod = a_pod_of(bash, CATS, runs)
    assert pod.input_bytes < 201_000

    _, output = ended(runtime, pod)

    assert printed(output) == inputs


def test_output_is_read_from_any_run_on(runtime: Runtime, bash: Language) -> None:
    pod = a_pod_of(bash, CATS, [a_run(stdin=each) for each in (b"a", b"b", b"c")])
    wait_for_end(runtime, pod)

    last = runtime.output(pod.name, 2)

    assert last
    assert printed(last) == [b"c"]
    assert runtime.follow(pod.name, 0) == []


def test_each_run_has_its_own_arguments_variables_and_files(
    runtime: Runtime, bash: Language
) -> None:
    runs = [
        a_run(args=("one",), env={"A": "a"}, files=(File("own", b"first"),)),
        a_run(args=("two",), env={"A": "b"}),
        a_run(args=("three",), env={"A": "c"}, files=(File("own", b"third"),)),
    ]

    _, output = ended(runtime, a_pod_of(bash, SHOWS, runs))

    assert printed(output) == [b"one a\nfirst", b"two b\n", b"three c\nthird"]


def test_a_file_of_a_run_replaces_the_program_s_for_this_run(
    runtime: Runtime, bash: Language
) -> None:
    files = (File(bash.source_name, SHOWS.source.encode()), File("own", b"all"))
    pod = a_pod(bash, files=files, runs=(a_run(files=(File("own", b"one"),)), a_run()))

    _, output = ended(runtime, pod)

    assert printed(output) == [b" \none", b" \nall"]


@pytest.mark.parametrize("how", [Limit.MEMORY, Limit.WALL], ids=["memory", "time"])
def test_a_limit_that_ends_one_run_leaves_the_others_right(
    runtime: Runtime, bash: Language, how: Limit
) -> None:
    word = {Limit.MEMORY: b"memory\n", Limit.WALL: b"time\n"}[how]
    inputs = [b"1\n", b"2\n", word, b"4\n", b"5\n"]
    short = replace(QUICK, wall_seconds=0.5 if how is Limit.WALL else 5)
    limits = [QUICK, QUICK, short, QUICK, QUICK]
    runs = [a_run(stdin=stdin, limits=limit) for stdin, limit in zip(inputs, limits, strict=True)]

    observation, output = ended(runtime, a_pod_of(bash, ENDS, runs))

    assert [run and run.stopped_by for run in reports(observation)] == [None, None, how, None, None]
    assert [run and run.exit_code for run in reports(observation)] == [0, 0, None, 0, 0]
    assert printed(output) == inputs


@pytest.mark.parametrize("how", [b"fail\n", b"abort\n", b"memory\n"])
def test_runs_after_the_first_failure_are_skipped_if_asked_for(
    runtime: Runtime, bash: Language, how: bytes
) -> None:
    runs = [a_run(stdin=stdin, limits=QUICK) for stdin in (b"1\n", how, b"3\n", b"4\n")]

    stopped, output = ended(runtime, a_pod_of(bash, ENDS, runs, stop_on_failure=True))
    continued, _ = ended(runtime, a_pod_of(bash, ENDS, runs))

    first, second, *others = reports(stopped)
    assert first
    assert not first.failed
    assert second
    assert second.failed
    assert others == [None, None]
    assert printed(output) == [b"1\n", how, None, None]
    assert None not in reports(continued)


def test_a_run_that_does_not_fit_into_the_total_time_is_skipped(
    runtime: Runtime, bash: Language
) -> None:
    long, short = QUICK, replace(QUICK, wall_seconds=1)
    runs = [a_run(limits=long), a_run(limits=long), a_run(limits=short)]

    observation, _ = ended(runtime, a_pod_of(bash, SLEEPS, runs, wall_seconds=5.2))

    assert [run is None for run in reports(observation)] == [False, True, False]


def test_a_compile_error_gives_no_runs(runtime: Runtime, bash: Language) -> None:
    del bash
    pod = a_pod(language(runtime, "c"), BROKEN.source, runs=(a_run(), a_run()))

    observation, output = ended(runtime, pod)

    assert reports(observation) == ()
    assert output.runs == ()
    assert output.compile
    assert b"main.c" in output.compile.stderr
    assert judge(observation, None, output).outcome is Outcome.COMPILE_ERROR


def test_ends_of_runs_are_reported_while_the_pod_runs(runtime: Runtime, bash: Language) -> None:
    pod = a_pod_of(bash, STAYS, [a_run(stdin=word) for word in (b"go\n", b"go\n", b"stay\n")])
    changes = runtime.watch(lambda: False)
    runtime.create(pod)
    if isinstance(runtime, MemoryRuntime):
        runtime.end_run(pod.name)
        runtime.end_run(pod.name)

    seen = [runtime.observe(pod.name)]
    while len(ended_so_far(seen[-1])) < 2:
        assert next(changes) == pod.name
        seen.append(runtime.observe(pod.name))

    last = seen[-1]
    assert last
    assert last.phase is Phase.RUNNING
    assert [run and run.exit_code for run in ended_so_far(last)] == [0, 0]
    for before, after in pairwise(map(ended_so_far, seen)):
        assert after[: len(before)] == before
    assert runtime.output(pod.name) is None


def ended_so_far(observation: Observation | None) -> tuple[StageReport | None, ...]:
    report = observation.report if observation else None
    return report.runs if report else ()


def test_deleting_a_pod_between_runs_ends_it(runtime: Runtime, bash: Language) -> None:
    pod = a_pod_of(bash, RUNS_ON, [a_run(), a_run()])
    runtime.create(pod)
    wait_until(lambda: ended_or_running(runtime, pod), within=60)

    runtime.delete(pod.name)

    assert runtime.observe(pod.name) is None
    assert runtime.output(pod.name) is None
    assert runtime.list_pods() == []


def ended_or_running(runtime: Runtime, pod: Pod) -> bool:
    observation = runtime.observe(pod.name)
    return observation is not None and observation.phase is not Phase.WAITING
