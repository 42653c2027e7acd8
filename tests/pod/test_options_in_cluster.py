"""Options for output and compiler, on a real kubelet and its control groups."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from app.domain.execution import Outcome
from app.domain.policy import DEFAULT_COMPILE_LIMITS, DEFAULT_LIMITS
from app.domain.report import Limit
from app.domain.submission import Buffering, Streams
from app.infrastructure.kubernetes.runtime import KubernetesRuntime
from tests.pod.cluster_runs import pod_for, run, run_all
from tests.support.kubernetes.cluster import a_runtime
from tests.support.kubernetes.namespace import a_namespace

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(600)]

ALTERNATES = "for i in 1 2 3; do echo o$i; echo e$i >&2; done"
ABORTS = "import os\nprint('one')\nos.abort()"
LOOPS = '#include <stdio.h>\nint main(void) { puts("one"); for (;;) ; }'
CRASHES = '#include <cstdio>\nint main() { std::puts("one"); *(volatile int *)8 = 1; }'


@pytest.fixture(scope="module")
def runtime() -> Iterator[KubernetesRuntime]:
    with a_namespace() as namespace:
        yield a_runtime(namespace)


def test_output(runtime: KubernetesRuntime) -> None:
    limits = replace(DEFAULT_LIMITS, cpu_seconds=0.5)

    merged, line, block, looped, crashed = run_all(
        runtime,
        [
            pod_for(runtime, ALTERNATES, "bash", streams=Streams.MERGED),
            pod_for(runtime, ABORTS, "python"),
            pod_for(runtime, ABORTS, "python", buffering=Buffering.BLOCK),
            pod_for(runtime, LOOPS, "c", limits=limits),
            pod_for(runtime, CRASHES, "cpp"),
        ],
    )

    assert merged.stdout == b"o1\ne1\no2\ne2\no3\ne3\n"
    assert (line.stdout, line.signal) == (b"one\n", "SIGABRT")
    assert (block.stdout, block.signal) == (b"", "SIGABRT")
    assert (looped.stdout, looped.outcome) == (b"one\n", Outcome.TIME_LIMIT)
    assert (crashed.stdout, crashed.signal) == (b"one\n", "SIGSEGV")


@pytest.mark.parametrize(
    ("source", "limits", "possible"),
    [
        ("#include <bits/stdc++.h>\nint main() {}", {"wall_seconds": 0.1}, {Limit.WALL}),
        (
            "#include </dev/zero>\nint main() {}",
            {"memory_mib": 64},
            {Limit.MEMORY, Limit.WALL, Limit.CPU},
        ),
    ],
    ids=["out of time", "out of memory"],
)
def test_a_limit_that_stops_the_compiler_is_named(
    runtime: KubernetesRuntime, source: str, limits: dict[str, float], possible: set[Limit]
) -> None:
    compile_limits = replace(DEFAULT_COMPILE_LIMITS, **limits)  # type: ignore[arg-type]  # names that a test gives

    ran = run(runtime, pod_for(runtime, source, "cpp", compile_limits=compile_limits))

    assert ran.outcome is Outcome.COMPILE_ERROR, ran.observation.message
    report = ran.observation.report
    assert report
    assert report.compile
    assert report.compile.stopped_by in possible
    assert report.compile.cpu_us is not None or report.compile.stopped_by is Limit.MEMORY
    assert report.message
