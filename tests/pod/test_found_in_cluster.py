"""A pod gives a program what a jail does: loopback, folders, stack, threads."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

import pytest

from app.domain.pod import Pod
from app.domain.policy import DEFAULT_COMPILE_LIMITS, DEFAULT_LIMITS
from app.infrastructure.kubernetes.runtime import KubernetesRuntime
from tests.pod.cluster_runs import pod_for, run_all
from tests.sandbox import test_stack as stack
from tests.sandbox.test_view import SERVES_ITSELF
from tests.support.kubernetes.cluster import a_runtime
from tests.support.kubernetes.namespace import a_namespace
from tests.support.ran import Ran

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(600)]

PROGRAMS: Mapping[str, tuple[str, str, Mapping[str, int], str]] = {
    "loopback": (
        "python",
        SERVES_ITSELF.format(host="127.0.0.1", port=8080, family="AF_INET"),
        {},
        "ok\n",
    ),
    "localhost": (
        "python",
        "import socket; print(socket.gethostbyname('localhost'))",
        {},
        "127.0.0.1\n",
    ),
    "a full device": ("bash", "echo x > /dev/full || echo full", {}, "full\n"),
    "/var/tmp": ("bash", "echo x > /var/tmp/file; cat /tmp/file", {}, "x\n"),
    "the size of the stack": ("bash", stack.LIMIT, {"memory_mib": 96}, "98304\n98304\n"),
    "a stack that was asked for": ("bash", stack.LIMIT, {"stack_mib": 3}, "3072\n3072\n"),
    "an array of 10 MB in main": ("c", stack.ARRAY_IN_MAIN, {"memory_mib": 256}, "2499999\n"),
    "recursion in a thread": (
        "python",
        stack.RECURSION_IN_A_THREAD,
        {"memory_mib": 512},
        "50000\n",
    ),
    "a hundred threads": ("python", stack.HUNDRED_THREADS, {"processes": 128}, "100\n"),
    "deep recursion": ("javascript", stack.DEEP_NODE, {}, "100000\n"),
    "endless recursion": ("javascript", stack.ENDLESS_NODE, {}, "true\n"),
    "deep recursion in Java": ("java", stack.DEEP_JAVA, {"memory_mib": 512}, "100000\n"),
    "endless recursion in Java": ("java", stack.ENDLESS_JAVA, {"memory_mib": 512}, "caught\n"),
    "await in TypeScript": ("typescript", "for await (const x of [8]) console.log(x)", {}, "8\n"),
}
FULL = replace(DEFAULT_LIMITS, wall_seconds=30, cpu_seconds=20)
COMPILE = replace(DEFAULT_COMPILE_LIMITS, wall_seconds=60, cpu_seconds=60)


@pytest.fixture(scope="module")
def ran() -> Iterator[Mapping[str, Ran]]:
    with a_namespace() as namespace:
        runtime = a_runtime(namespace)
        pods = [_pod(runtime, *program[:3]) for program in PROGRAMS.values()]
        yield dict(zip(PROGRAMS, run_all(runtime, pods), strict=True))


def _pod(runtime: KubernetesRuntime, language: str, source: str, limits: Mapping[str, int]) -> Pod:
    limited = replace(FULL, **limits)
    return pod_for(runtime, source, language, limits=limited, compile_limits=COMPILE)


@pytest.mark.parametrize("name", PROGRAMS)
def test_it_prints_what_it_prints_in_a_jail(ran: Mapping[str, Ran], name: str) -> None:
    assert ran[name].stdout.decode() == PROGRAMS[name][3], ran[name]


def test_memory_shown_is_never_above_the_limit() -> None:
    with a_namespace() as namespace:
        runtime = a_runtime(namespace)
        limits = replace(FULL, memory_mib=16)
        (ended,) = run_all(
            runtime, [pod_for(runtime, "console.log(1)", "javascript", limits=limits)]
        )

    assert ended.observation.report
    assert ended.observation.report.run
    peak_kib = ended.observation.report.run.memory_peak_kib
    assert peak_kib is None or peak_kib <= 16 * 1024


TWO_PROCESSES = """#include <regex>
#include <vector>
#include <sys/wait.h>
#include <unistd.h>
int main() {
    pid_t child = fork();
    std::vector<char> used(25 << 20, 1);
    usleep(300000);
    if (child) wait(nullptr);
}
"""
SLEEPS = "#include <regex>\n#include <unistd.h>\nint main() { usleep(100000); }"


def test_memory_shown_of_the_run_stage_is_its_own() -> None:
    """The compiler used more, and no limit of the run stage's own makes init look at memory."""
    limits = replace(FULL, memory_mib=DEFAULT_COMPILE_LIMITS.memory_mib)
    with a_namespace() as namespace:
        runtime = a_runtime(namespace)
        pods = [
            pod_for(runtime, source, "cpp", limits=limits, compile_limits=COMPILE)
            for source in (TWO_PROCESSES, SLEEPS)
        ]
        large, small = (_peaks_mib(ended) for ended in run_all(runtime, pods))

    assert 45 <= large.run <= 60 < large.compile
    assert small.run <= 8 < small.compile


class Peaks(NamedTuple):
    compile: float
    run: float


def _peaks_mib(ran: Ran) -> Peaks:
    report = ran.observation.report
    assert report, ran.observation
    assert report.compile
    assert report.compile.memory_peak_kib
    assert report.run, report
    assert report.run.memory_peak_kib
    return Peaks(report.compile.memory_peak_kib / 1024, report.run.memory_peak_kib / 1024)
