"""What was compiled once for an owner is not compiled again for the same owner."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from app.domain.pod import Pod
from app.domain.policy import DEFAULT_COMPILE_LIMITS, DEFAULT_LIMITS
from app.domain.report import Output, Phase, StageReport
from app.domain.submission import File
from sandbox.private.places import FOR_JAILS
from tests.support.sandbox_daemon import SandboxDaemon, a_pod, a_run, language, wait_for_end
from tests.support.waiting import wait_until

_numbers = count(1)
SOURCE = r"""
#include <stdio.h>
#include <unistd.h>
#warning unique %d
int main(int argc, char **argv) {
    char path[100] = {0};
    if (readlink("/proc/self/exe", path, 99) < 0) return 1;
    printf("%%s %%s %%d %%d\n", argv[0], path, access(path, W_OK), access("main.c", R_OK));
    return 0;
}
"""


def a_source() -> str:
    """A program that has not been compiled yet."""
    return SOURCE % next(_numbers)


def ran(
    sandbox: SandboxDaemon, source: str, name: str = "c", **facts: Any
) -> tuple[StageReport, Output]:
    pod = a_pod(language(sandbox.runtime, name), source, **{"owner": "ada", **facts})
    observation = wait_for_end(sandbox.runtime, pod)
    assert observation.phase is Phase.ENDED, observation.message
    output = sandbox.runtime.output(pod.name)
    sandbox.runtime.delete(pod.name)
    assert observation.report
    assert observation.report.compile
    assert output
    return observation.report.compile, output


def is_cached(sandbox: SandboxDaemon, source: str, **facts: Any) -> bool:
    report, _ = ran(sandbox, source, **facts)
    return report.cached


def test_the_second_time_no_compiler_runs_and_all_else_is_the_same(sandbox: SandboxDaemon) -> None:
    source = a_source()
    first, cold = ran(sandbox, source)
    second, cached = ran(sandbox, source, stdin=b"other", args=("x",), env={"A": "b"})

    assert not first.cached
    assert first.wall_us
    assert (second.cached, second.exit_code, second.wall_us, second.cpu_us) == (True, 0, 0, 0)
    assert cached == cold
    assert cold.compile
    assert b"warning" in cold.compile.stderr
    assert cold.run
    assert cold.run.stdout == b"/box/program /var/lib/podline/program -1 0\n"


@pytest.mark.parametrize(
    "facts",
    [
        {"owner": "bob"},
        {"compile_args": ("-O1",)},
        {"files": (File("main.c", b"int main(void) { return 0; }"), File("more.h", b""))},
        {"entrypoint": "other.c", "files": (File("other.c", b"int main(void) { return 0; }"),)},
    ],
    ids=lambda facts: ",".join(facts),
)
def test_any_other_program_is_compiled(sandbox: SandboxDaemon, facts: dict[str, Any]) -> None:
    source = a_source()
    ran(sandbox, source)
    ran(sandbox, "int main(void) { return 0; }")
    assert not is_cached(sandbox, source, **facts)
    assert is_cached(sandbox, source)


def test_a_program_of_the_same_size_is_another_one(sandbox: SandboxDaemon) -> None:
    source = a_source()
    ran(sandbox, source)
    assert not is_cached(sandbox, source.replace("unique", "Unique"))


def test_limits_and_tests_make_no_difference(sandbox: SandboxDaemon) -> None:
    source = a_source()
    ran(sandbox, source)
    run = a_run(limits=replace(DEFAULT_LIMITS, memory_mib=32))
    lower = replace(DEFAULT_COMPILE_LIMITS, wall_seconds=9)

    assert is_cached(sandbox, source, runs=(run, run), compile_limits=lower)


def test_pods_at_the_same_time_compile_their_program_once(sandbox: SandboxDaemon) -> None:
    found, source = language(sandbox.runtime, "c"), a_source()
    pods = [a_pod(found, source, owner="ada") for _ in range(20)]
    with ThreadPoolExecutor(len(pods)) as pool:
        observations = list(pool.map(partial(wait_for_end, sandbox.runtime), pods))
    compiled = [each.report and each.report.compile for each in observations]
    outputs = {sandbox.runtime.output(pod.name) for pod in pods}
    for pod in pods:
        sandbox.runtime.delete(pod.name)

    assert [report and report.cached for report in compiled].count(False) == 1
    assert len(outputs) == 1
    assert None not in outputs


def test_a_program_that_cannot_be_compiled_is_compiled_for_each(sandbox: SandboxDaemon) -> None:
    found, source = (
        language(sandbox.runtime, "c"),
        f"int main(void) {{ return y{next(_numbers)}; }}",
    )
    pods = [a_pod(found, source, owner="ada") for _ in range(8)]
    with ThreadPoolExecutor(len(pods)) as pool:
        observations = list(pool.map(partial(wait_for_end, sandbox.runtime), pods))
    for pod in pods:
        sandbox.runtime.delete(pod.name)

    compiled = [each.report and each.report.compile for each in observations]
    assert [report and (report.exit_code, report.cached) for report in compiled] == [(1, False)] * 8


def test_a_pod_that_waits_for_the_compiler_of_another_can_be_deleted(
    sandbox: SandboxDaemon,
) -> None:
    slow = """constexpr long f(long n) { for (long i = 1L << 30; i; i--) n += i; return n; }
        static_assert(f(1)); int main() {}"""
    endless = tuple(f"-fconstexpr-{what}-limit=2000000000" for what in ("loop", "ops"))
    limits = replace(DEFAULT_COMPILE_LIMITS, wall_seconds=60, cpu_seconds=60)
    first, second = (
        a_pod(
            language(sandbox.runtime, "cpp"),
            slow,
            compile_args=endless,
            compile_limits=limits,
            owner="ada",
        )
        for _ in range(2)
    )
    for pod in (first, second):
        sandbox.runtime.create(pod)
    wait_until(lambda: has_begun(sandbox, second), within=30)
    sandbox.runtime.delete(second.name)
    assert has_begun(sandbox, first)
    sandbox.runtime.delete(first.name)


def has_begun(sandbox: SandboxDaemon, pod: Pod) -> bool:
    observation = sandbox.runtime.observe(pod.name)
    return observation is not None and observation.phase is Phase.RUNNING


def test_nothing_is_kept_without_an_owner(sandbox: SandboxDaemon) -> None:
    source = a_source()
    ran(sandbox, source, owner="")
    assert not is_cached(sandbox, source, owner="")


def test_a_compile_error_is_not_kept(sandbox: SandboxDaemon) -> None:
    source = f"int main(void) {{ return x{next(_numbers)}; }}"
    for _ in range(2):
        report, output = ran(sandbox, source)
        assert report.exit_code == 1
        assert not report.cached
        assert output.compile
        assert b"undeclared" in output.compile.stderr


@pytest.mark.parametrize("argument", ["-c", "-fsyntax-only"])
def test_what_cannot_be_started_is_a_compile_error_every_time(
    sandbox: SandboxDaemon, argument: str
) -> None:
    source = a_source()
    for _ in range(2):
        pod = a_pod(language(sandbox.runtime, "c"), source, compile_args=(argument,), owner="ada")
        observation = wait_for_end(sandbox.runtime, pod)
        sandbox.runtime.delete(pod.name)
        assert observation.report
        assert observation.report.runs == ()
        assert observation.report.compile
        assert observation.report.compile.exit_code == 0


def test_folders_are_kept_too(sandbox: SandboxDaemon) -> None:
    word = f"unique{next(_numbers)}"
    source = """public class Main {
        static class Inner { static String word = "WORD"; }
        public static void main(String[] a) { System.out.println(Inner.word); }
    }""".replace("WORD", word)
    outputs = [ran(sandbox, source, "java") for _ in range(2)]

    assert [report.cached for report, _ in outputs] == [False, True]
    assert [output.run and output.run.stdout for _, output in outputs] == [f"{word}\n".encode()] * 2


def test_a_program_sees_no_program_of_another_pod(sandbox: SandboxDaemon) -> None:
    ran(sandbox, a_source())
    for _ in range(8):  # each bay
        _, output = sandbox.run("bash", "ls -A /var/lib/podline")
        assert output.run
        assert output.run.stdout == b""


def test_a_new_daemon_keeps_nothing_that_an_earlier_one_left(own_sandbox: SandboxDaemon) -> None:
    source = a_source()
    ran(own_sandbox, source)
    own_sandbox.kill()
    (_one,) = received(own_sandbox)
    spoil(_one)
    own_sandbox.start()

    assert received(own_sandbox) == []
    report, output = ran(own_sandbox, source)
    assert not report.cached
    assert output.run
    assert output.run.stdout


def received(sandbox: SandboxDaemon) -> list[Path]:
    return list((sandbox.folder / "data" / "programs" / FOR_JAILS / "received").iterdir())


def spoil(folder: Path) -> None:
    """As a power failure leaves a file."""
    program = folder / "program"
    program.chmod(0o700)
    program.write_bytes(b"")
