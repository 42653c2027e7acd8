"""What every runtime does: the same tests for the twin, the sandbox daemon and a cluster."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app.domain.artifact import Collected, CollectedFile
from app.domain.errors import PlaceTaken, RunRefused, RuntimeUnavailable
from app.domain.execution import Outcome
from app.domain.language import Holder, Language, LimitName
from app.domain.pod import Pod
from app.domain.report import Phase, StageOutput, Stream
from app.infrastructure.memory.runtime import MemoryRuntime
from app.infrastructure.sandbox.runtime import SandboxRuntime
from app.ports import Runtime
from tests.contracts.programs import (
    ABORTS,
    COMPILES,
    CREATES,
    FAILS,
    HELLO,
    RUNS_ON,
    SILENT,
    Program,
)
from tests.support.judging import judge
from tests.support.kubernetes.api_server import write_kubeconfig
from tests.support.kubernetes.cluster import a_runtime
from tests.support.sandbox_daemon import a_pod, language, wait_for_end
from tests.support.waiting import wait_until


def has_started(runtime: Runtime, pod: Pod) -> bool:
    observation = runtime.observe(pod.name)
    return observation is not None and observation.phase is not Phase.WAITING


@pytest.fixture
def bash(runtime: Runtime) -> Language:
    return language(runtime, "bash")


def test_a_pod_runs_to_its_end(runtime: Runtime, bash: Language) -> None:
    observation = wait_for_end(runtime, a_pod(bash, HELLO.source))

    assert observation.phase is Phase.ENDED
    assert observation.report
    assert observation.report.compile is None
    assert observation.report.run
    assert observation.report.run.exit_code == 0
    assert observation.report.run.signal is None
    assert observation.report.run.stopped_by is None
    assert observation.report.run.wall_us > 0
    assert observation.started_at
    assert observation.ended_at
    assert observation.started_at <= observation.ended_at


@pytest.mark.parametrize(
    ("program", "exit_code", "signal"), [(FAILS, 3, None), (ABORTS, None, "SIGABRT")]
)
def test_exactly_one_of_exit_code_and_signal_is_set(
    runtime: Runtime, bash: Language, program: Program, exit_code: int | None, signal: str | None
) -> None:
    observation = wait_for_end(runtime, a_pod(bash, program.source))

    assert observation.report
    assert observation.report.run
    assert observation.report.run.exit_code == exit_code
    assert observation.report.run.signal == signal


def test_files_that_a_pod_asks_for_are_kept(runtime: Runtime, bash: Language) -> None:
    pod = a_pod(bash, CREATES.source, artifacts=("b", "out/"))
    observation = wait_for_end(runtime, pod)

    files = (CollectedFile("b", 0), CollectedFile("out/a.txt", 2))
    assert observation.collected == Collected(files)
    assert [runtime.artifact(pod.name, index, 0) for index in range(2)] == [b"", b"1\n"]
    assert [runtime.artifact(pod.name, 1, start) for start in (1, 2)] == [b"\n", b""]
    runtime.delete(pod.name)
    assert runtime.artifact(pod.name, 1, 0) is None


def test_no_files_are_kept_unasked(runtime: Runtime, bash: Language) -> None:
    pod = a_pod(bash, CREATES.source)
    assert wait_for_end(runtime, pod).collected is None
    assert runtime.artifact(pod.name, 0, 0) is None


@pytest.mark.parametrize("argument", ["-fsyntax-only", "-c"], ids=["no file", "no program"])
def test_a_compiler_that_makes_no_program_is_a_compile_error(
    runtime: Runtime, argument: str
) -> None:
    pod = a_pod(language(runtime, "c"), COMPILES.source, compile_args=(argument,))

    observation = wait_for_end(runtime, pod)

    output = runtime.output(pod.name)
    assert observation.phase is Phase.ENDED, observation.message
    assert judge(observation, None, output).outcome is Outcome.COMPILE_ERROR
    assert observation.report
    assert observation.report.compile
    assert observation.report.compile.exit_code == 0
    assert observation.report.run is None
    assert observation.report.message
    assert "made no program that can be started" in observation.report.message
    assert output
    assert output.compile == StageOutput(stdout=b"", stderr=b"")
    assert output.run is None


def test_its_output_is_kept_until_it_is_deleted(runtime: Runtime, bash: Language) -> None:
    pod = a_pod(bash, HELLO.source)
    observation = wait_for_end(runtime, pod)

    for _ in range(2):
        output = runtime.output(pod.name)
        assert output
        assert observation.output in (output, None), "it may come with the end"
        assert output.compile is None
        assert output.run
        assert output.run.stdout == b"hello\n"
        assert output.run.stderr == b""
        assert not output.run.stdout_truncated
    runtime.delete(pod.name)
    assert runtime.output(pod.name) is None
    assert runtime.observe(pod.name) is None


def test_frames_continue_where_a_reader_stopped(runtime: Runtime, bash: Language) -> None:
    pod = a_pod(bash, HELLO.source)
    wait_for_end(runtime, pod)

    frames = runtime.follow(pod.name, 0)

    assert [frame.sequence for frame in frames] == list(range(1, len(frames) + 1))
    assert b"".join(frame.content for frame in frames) == b"hello\n"
    assert {frame.stream for frame in frames} == {Stream.STDOUT}
    assert frames[0].offset == 0
    assert runtime.follow(pod.name, len(frames)) == []


def test_a_running_program_is_followed(runtime: Runtime, bash: Language) -> None:
    pod = a_pod(bash, RUNS_ON.source)
    runtime.create(pod)

    wait_until(lambda: runtime.follow(pod.name, 0))
    wait_until(lambda: has_started(runtime, pod), within=60)

    assert runtime.follow(pod.name, 0)[0].content == b"begun\n"
    observation = runtime.observe(pod.name)
    assert observation
    assert observation.phase is Phase.RUNNING
    assert observation.started_at
    assert observation.report is None
    assert runtime.output(pod.name) is None


def test_who_waits_hears_of_the_end_at_once(runtime: Runtime, bash: Language) -> None:
    pod = a_pod(bash, HELLO.source)
    runtime.create(pod)
    wait_until(lambda: has_started(runtime, pod), within=60)

    def has_ended() -> bool:
        observation = runtime.observe(pod.name, wait_seconds=2)
        return observation is not None and observation.phase is Phase.ENDED

    wait_until(has_ended)


def test_who_waited_long_enough_hears_that_it_runs(runtime: Runtime, bash: Language) -> None:
    pod = a_pod(bash, RUNS_ON.source)
    runtime.create(pod)
    wait_until(lambda: has_started(runtime, pod), within=60)

    observation = runtime.observe(pod.name, wait_seconds=0.01)

    assert observation
    assert observation.phase is Phase.RUNNING


def test_creating_it_again_does_nothing(runtime: Runtime, bash: Language) -> None:
    pod = a_pod(bash, HELLO.source)
    first = wait_for_end(runtime, pod)

    runtime.create(pod)

    assert runtime.observe(pod.name) == first
    assert runtime.list_pods() == [pod.name]


def test_deleting_a_running_pod_ends_it(runtime: Runtime, bash: Language) -> None:
    pod = a_pod(bash, RUNS_ON.source)
    runtime.create(pod)

    runtime.delete(pod.name)

    assert runtime.observe(pod.name) is None
    assert runtime.list_pods() == []


def test_what_does_not_exist_is_none_or_nothing(runtime: Runtime) -> None:
    assert runtime.observe("nobody-1") is None
    assert runtime.output("nobody-1") is None
    assert runtime.follow("nobody-1", 0) == []
    runtime.delete("nobody-1")
    assert runtime.list_pods() == []


def test_all_pods_are_listed(runtime: Runtime, bash: Language) -> None:
    ended, running = a_pod(bash, SILENT.source), a_pod(bash, RUNS_ON.source)
    wait_for_end(runtime, ended)
    runtime.create(running)

    assert set(runtime.list_pods()) == {ended.name, running.name}


def test_every_watcher_hears_of_changes_from_the_call_on(runtime: Runtime, bash: Language) -> None:
    watchers = [runtime.watch(lambda: False) for _ in range(2)]
    pod = a_pod(bash, SILENT.source)
    runtime.create(pod)

    assert [next(watcher) for watcher in watchers] == [pod.name, pod.name]


def test_a_watch_ends_when_it_is_told_to(runtime: Runtime) -> None:
    looks = iter([False, False])

    assert list(runtime.watch(lambda: next(looks, True))) == []


def test_a_language_that_is_not_there_is_refused(runtime: Runtime) -> None:
    unknown = Language(name="klingon", version="1", source_name="main.k", compiled=False)

    with pytest.raises(RunRefused, match="klingon"):
        runtime.create(a_pod(unknown))
    assert runtime.list_pods() == []


def test_languages_have_versions_and_source_names(runtime: Runtime) -> None:
    by_name = {found.name: found for found in runtime.languages()}

    assert by_name["python"].source_name == "main.py"
    assert by_name["python"].version.startswith("3.")
    assert by_name["c"].compiled
    assert not by_name["bash"].compiled


def unavailable_memory(_folder: Path) -> Runtime:
    runtime = MemoryRuntime()
    runtime.unavailable = True
    return runtime


def unavailable_sandbox(folder: Path) -> Runtime:
    return SandboxRuntime(folder / "nobody-listens.sock")


def unavailable_cluster(folder: Path) -> Runtime:
    """What it offers it knows by itself: see tests/kubernetes."""
    write_kubeconfig(folder / "kubeconfig", "http://127.0.0.1:1")
    return a_runtime("podline", "bash=podline/bash:5", folder / "kubeconfig")


@pytest.mark.parametrize(
    "make_unavailable", [unavailable_memory, unavailable_sandbox, unavailable_cluster]
)
def test_every_call_says_that_the_runtime_is_unavailable(
    make_unavailable: Callable[[Path], Runtime], tmp_path: Path
) -> None:
    runtime = make_unavailable(tmp_path)
    bash = Language(name="bash", version="5", source_name="main.sh", compiled=False)
    calls: list[Callable[[], object]] = [
        lambda: runtime.create(a_pod(bash)),
        lambda: runtime.observe("a-1"),
        lambda: runtime.output("a-1"),
        lambda: runtime.follow("a-1", 0),
        lambda: runtime.delete("a-1"),
        runtime.list_pods,
        runtime.ping,
        lambda: next(runtime.watch(lambda: False)),
    ]
    for call in calls:
        with pytest.raises(RuntimeUnavailable):
            call()


@pytest.mark.parametrize("make_unavailable", [unavailable_memory, unavailable_sandbox])
def test_languages_are_known_where_the_runtime_is(
    make_unavailable: Callable[[Path], Runtime], tmp_path: Path
) -> None:
    """A cluster's languages are settings, so that the API needs no access to it."""
    with pytest.raises(RuntimeUnavailable):
        make_unavailable(tmp_path).languages()
    with pytest.raises(RuntimeUnavailable):
        make_unavailable(tmp_path).release()
    assert unavailable_cluster(tmp_path).release() is None
    offered = unavailable_cluster(tmp_path).languages()
    assert [(language.name, language.version) for language in offered] == [("bash", "5")]


def test_every_limit_is_held_by_somebody(runtime: Runtime) -> None:
    limits = runtime.limits_held()

    assert [item.limit for item in limits] == list(LimitName)
    assert all(item.by is not Holder.NOBODY for item in limits)
    assert all(item.how for item in limits)


def test_what_was_not_started_ahead_can_not_be_claimed(runtime: Runtime, bash: Language) -> None:
    pod = a_pod(bash, HELLO.source)
    with pytest.raises(PlaceTaken):
        runtime.claim(pod, "pod/nothing")

    assert runtime.observe(pod.name) is None
