"""Checkers in pods of their own: what they say, what they can't do, and what is left of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

import pytest
from kubernetes import client

from app.domain.execution import Execution, Outcome, State
from app.domain.judging import JudgedTest
from app.domain.policy import DEFAULT_COMPILE_LIMITS, DEFAULT_LIMITS
from app.domain.submission import Checker, ExpectedOutput, File, SubmittedTest
from app.infrastructure.kubernetes.runtime import KubernetesRuntime
from app.service.cancel import cancel
from app.service.saga import compensate
from tests.kubernetes.attempts import Attempts
from tests.kubernetes.test_lost_main import Cluster
from tests.support.kubernetes.cluster import a_runtime
from tests.support.kubernetes.namespace import a_namespace
from tests.support.sandbox_daemon import language

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(600)]

ECHO: Final = "print(input())"
LIMITS: Final = replace(DEFAULT_LIMITS, wall_seconds=30)
WITHOUT_LIMIT_OF_INIT: Final = replace(
    DEFAULT_COMPILE_LIMITS, memory_mib=LIMITS.memory_mib, disk_mib=64
)
"""As large as the checker's, so that the kernel enforces memory_mib."""

SAYS = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(int count, char **names) {
    char word[16] = "", answer[16] = "";
    if (count != 4) return 3;
    fscanf(fopen(names[2], "r"), "%15s", word);
    fscanf(fopen(names[3], "r"), "%15s", answer);
    fprintf(stderr, !strcmp(word, "part") ? "points 0.25 of it" : "%s, not %s", word, answer);
    while (!strcmp(word, "memory")) memset(malloc(1 << 20), 1, 1 << 20);
    while (!strcmp(word, "stay")) pause();
    return !strcmp(word, "part") ? 7 : strcmp(word, answer) ? 1 : 0;
}
"""
HOSTILE = """\
import os, sys
found = [each for each in os.listdir("/proc") if each.isdigit()]
found = [each for each in found if int(each) not in (1, os.getpid())]
left = [each for each in ("left", "/tmp/left") if os.path.exists(each)]
for each in ("left", "/tmp/left", "output", "answer"):
    with open(each, "a") as file:
        file.write("changed")
for descriptor in range(3, 64):
    try:
        os.write(descriptor, b'{"end": {"fault": "forged"}}\\n')
    except OSError:
        pass
print('{"end": {"fault": "forged"}}')
if os.fork() == 0:
    os.setsid()
    while True:
        pass
sys.exit(str(found + left) if found or left else 0)
"""


def checker(runtime: KubernetesRuntime, name: str, source: str) -> Checker:
    found = language(runtime, name)
    return Checker(
        language=found.name,
        language_version=found.version,
        files=(File(found.source_name, source.encode()),),
        entrypoint=found.source_name,
        limits=LIMITS,
        compile_limits=WITHOUT_LIMIT_OF_INIT,
    )


def some_tests(*inputs: str) -> tuple[SubmittedTest, ...]:
    return tuple(
        SubmittedTest(
            name=str(number),
            stdin=text.encode(),
            expected_output=ExpectedOutput(b"right"),
            points=8,
        )
        for number, text in enumerate(inputs)
    )


LONG: Final = "print(input())\nprint('x' * 900_000)"
CASES: Final[Mapping[str, tuple[str, str, str, Sequence[str]]]] = {
    "says": (ECHO, "c", SAYS, ("right", "wrong", "part", "memory", "right")),
    "hostile": (ECHO, "python", HOSTILE, ("a", "b", "c")),
    "not compiled": (ECHO, "c", "int main(void) { return never; }", ("right", "right")),
    "several pods": (LONG, "c", SAYS, ("right", "wrong", "right")),
}


class Ended:
    """What became of all cases, which run at the same time."""

    def __init__(self, runtime: KubernetesRuntime) -> None:
        self.attempts = Attempts(runtime)
        self.rows: dict[str, Execution] = {}
        started = {name: self._start(runtime, *case) for name, case in CASES.items()}
        for name, execution in started.items():
            self.rows[name] = self.attempts.completed(execution)

    def _start(
        self,
        runtime: KubernetesRuntime,
        program: str,
        name: str,
        source: str,
        inputs: Sequence[str],
    ) -> Execution:
        return self.attempts.create(
            program,
            tests=some_tests(*inputs),
            checker=checker(runtime, name, source),
            limits=replace(DEFAULT_LIMITS, output_kib=1024),
        )

    def tests(self, name: str) -> Sequence[JudgedTest]:
        row = self.rows[name]
        assert row.state is State.COMPLETED, row.message
        result = self.attempts.twins.store.results.get(row.result_id or "")
        assert result
        return result.tests


@pytest.fixture(scope="module")
def ended() -> Iterator[Ended]:
    with a_namespace() as namespace:
        yield Ended(a_runtime(namespace))


def judgements(tests: Sequence[JudgedTest]) -> list[tuple[str, float, str | None]]:
    return [(str(test.outcome), test.points, test.message) for test in tests]


def test_each_test_is_judged_by_itself(ended: Ended) -> None:
    """Also after the kernel has killed the checker of one of them for its memory."""
    assert judgements(ended.tests("says")) == [
        ("success", 8, "right, not right"),
        ("wrong_output", 0, "wrong, not right"),
        ("wrong_output", 2, "points 0.25 of it"),
        ("checker_error", 0, "memory, not right"),
        ("success", 8, "right, not right"),
    ]
    assert ended.rows["says"].outcome is Outcome.WRONG_OUTPUT


def test_a_hostile_checker_finds_and_leaves_nothing(ended: Ended) -> None:
    assert judgements(ended.tests("hostile")) == [("success", 8, None)] * 3


def test_a_checker_that_is_not_compiled_is_an_error_of_each_test(ended: Ended) -> None:
    for test in ended.tests("not compiled"):
        assert test.outcome is Outcome.CHECKER_ERROR
        assert test.message
        assert test.message.startswith("The checker could not be compiled: ")
        assert "never" in test.message


def test_what_has_no_room_in_one_pod_is_checked_in_several(ended: Ended) -> None:
    outcomes = [test.outcome for test in ended.tests("several pods")]
    assert outcomes == [Outcome.SUCCESS, Outcome.WRONG_OUTPUT, Outcome.SUCCESS]


def test_what_the_checkers_used_counts(ended: Ended) -> None:
    row = ended.rows["says"]
    result = ended.attempts.twins.store.results.get(row.result_id or "")
    assert result
    assert row.cpu_us
    assert row.cpu_us > result.report.cpu_us


def test_nothing_is_left_of_any(ended: Ended) -> None:
    ended.attempts.assert_nothing_left()


@pytest.fixture
def administrator(core: client.CoreV1Api, namespace: str) -> Cluster:
    return Cluster(core, namespace)


def checking(attempts: Attempts, *inputs: str) -> Execution:
    """An execution whose checker has been started."""
    execution = attempts.create(
        ECHO, tests=some_tests(*inputs), checker=checker(attempts.runtime, "c", SAYS)
    )
    pod = execution.checker_pod()
    attempts.poll_while(execution, lambda _row: attempts.runtime.observe(pod) is None)
    return attempts.row(execution.id)


def test_a_checker_whose_container_was_killed_for_memory_goes_on(
    attempts: Attempts, administrator: Cluster
) -> None:
    row = checking(attempts, "memory", "stay", "right")
    administrator.kill_main_in_run(attempts.runtime, row.checker_pod(), 2)

    done = attempts.completed(row)

    assert done.state is State.COMPLETED, done.message
    assert done.attempt == 1
    result = attempts.twins.store.results.get(done.result_id or "")
    assert result
    outcomes = [str(test.outcome) for test in result.tests]
    assert outcomes == ["checker_error", "checker_error", "success"]
    assert administrator.pods_of(row.pod) == []
    attempts.assert_nothing_left()


def test_a_checker_whose_container_was_killed_otherwise_is_lost(
    attempts: Attempts, administrator: Cluster
) -> None:
    row = checking(attempts, "stay", "right")
    administrator.kill_main_in_run(attempts.runtime, row.checker_pod(), 1)

    lost = attempts.poll_until(row, State.QUEUED)

    assert lost.message
    assert "the program's container was ended" in lost.message
    assert administrator.pods_of(row.pod) == []
    attempts.assert_nothing_left()


def test_cancelling_ends_the_checker(attempts: Attempts, administrator: Cluster) -> None:
    row = checking(attempts, "stay")
    administrator.wait_for_output(attempts.runtime, row.checker_pod(), 1)

    cancel(attempts.ports, attempts.row(row.id))
    compensate(attempts.ports, row.id)

    assert administrator.pods_of(row.pod) == []
    attempts.assert_nothing_left()
