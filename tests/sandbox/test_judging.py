"""Tests and their checker through all steps, in real jails, with hostile ones among them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from app.domain.execution import Execution, Outcome, State
from app.domain.judging import JudgedTest
from app.domain.submission import Checker, ExpectedOutput, File, SubmittedTest
from app.service.sweep import sweep
from tests.support.builders import a_submission
from tests.support.sandbox_daemon import SandboxDaemon, language
from tests.support.twins import Twins, make_twins
from tests.support.waiting import wait_until
from tests.support.worker import Worker

ECHO = "print(input())"
COMPARES = """\
import sys
read = lambda name: open(name).read().split()
print("points 1", read("input"))
given, printed, answer = (read(each) for each in sys.argv[1:])
sys.exit(0 if printed == answer else f"printed {printed}, not {answer}")
"""


@pytest.fixture
def twins(sandbox: SandboxDaemon) -> Twins:
    return make_twins(runtime=sandbox.runtime)  # type: ignore[arg-type]  # the real one


def python(sandbox: SandboxDaemon) -> str:
    return language(sandbox.runtime, "python").version


def checker(sandbox: SandboxDaemon, source: str, **limits: int) -> Checker:
    like = a_submission()
    return Checker(
        language="python",
        language_version=python(sandbox),
        files=(File("main.py", source.encode()),),
        entrypoint="main.py",
        limits=replace(like.limits, **limits),
        compile_limits=like.compile_limits,
    )


def judged(
    twins: Twins, sandbox: SandboxDaemon, source: str, **facts: Any
) -> tuple[Execution, Sequence[JudgedTest]]:
    """Run it to its end. The twins' clock stands still, so no deadline passes."""
    worker = Worker(twins.ports)
    execution = twins.submit(
        language_version=python(sandbox), files=(File("main.py", source.encode()),), **facts
    )

    def ended() -> bool:
        twins.clock.advance(10)
        sweep(twins.ports)
        worker.run_all()
        row = twins.store.executions.get(execution.id)
        return row is not None and row.state.terminal

    wait_until(ended, within=60)
    row = twins.store.executions.get(execution.id)
    assert row is not None
    assert row.state is State.COMPLETED, row.message
    assert not [pod for pod in sandbox.runtime.list_pods() if pod.startswith(row.id.lower())]
    result = twins.store.results.get(row.result_id or "")
    assert result is not None
    return row, result.tests


def some_tests(*inputs: str) -> tuple[SubmittedTest, ...]:
    return tuple(
        SubmittedTest(name=text, stdin=text.encode(), expected_output=ExpectedOutput(text.encode()))
        for text in inputs
    )


def test_each_test_is_compared(twins: Twins, sandbox: SandboxDaemon) -> None:
    row, found = judged(
        twins, sandbox, "x = input()\nprint('no' if x == 'b' else x)", tests=some_tests(*"abc")
    )
    assert row.outcome is Outcome.WRONG_OUTPUT
    assert [test.outcome for test in found] == [
        Outcome.SUCCESS,
        Outcome.WRONG_OUTPUT,
        Outcome.SUCCESS,
    ]


def test_a_checker_judges_each_test(twins: Twins, sandbox: SandboxDaemon) -> None:
    program = "x = input()\nprint(' ', x, x * (x == 'b'))"
    row, found = judged(
        twins, sandbox, program, tests=some_tests(*"abc"), checker=checker(sandbox, COMPARES)
    )
    assert row.outcome is Outcome.WRONG_OUTPUT
    assert [(str(test.outcome), test.message) for test in found] == [
        ("success", None),
        ("wrong_output", "printed ['b', 'b'], not ['b']"),
        ("success", None),
    ]


@pytest.mark.parametrize(
    ("source", "limits", "says"),
    [
        ("while True: pass", {"cpu_seconds": 1}, "A limit stopped the checker: cpu_seconds"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGABRT)", {}, "SIGABRT"),
        (
            "import os; os._exit(3)",
            {},
            "exited with 3",
        ),
        ("import sys; sys.exit(7)", {}, "did not begin with points"),
        ("import sys; print('points 5', file=sys.stderr); sys.exit(7)", {}, "points 5"),
        ("print('x' * 10**7)", {}, "A limit stopped the checker: output_kib"),
    ],
)
def test_a_hostile_checker_is_an_error_of_the_checker(
    twins: Twins, sandbox: SandboxDaemon, source: str, limits: dict[str, int], says: str
) -> None:
    tests = some_tests("a", "b")
    row, found = judged(
        twins, sandbox, ECHO, tests=tests, checker=checker(sandbox, source, **limits)
    )
    assert row.outcome is Outcome.CHECKER_ERROR
    for test in found:
        assert test.outcome is Outcome.CHECKER_ERROR
        assert says in str(test.message)


def test_hostile_output_is_only_text_to_a_checker(twins: Twins, sandbox: SandboxDaemon) -> None:
    """The output can't leave its file, whatever it looks like."""
    program = (
        "import sys, os\n"
        "os.symlink('/etc/passwd', 'answer')\n"
        "sys.stdout.buffer.write(b'../../etc/passwd\\0\\xff\\n' + input().encode())"
    )
    source = (
        "import os, sys\n"
        "kinds = [os.path.islink(each) or not os.path.isfile(each) for each in sys.argv[1:]]\n"
        "printed = open('output', 'rb').read()\n"
        "others = [each for each in os.listdir('/proc') if each.isdigit() and int(each) > 2]\n"
        "sys.exit(any(kinds) or printed != b'../../etc/passwd\\0\\xff\\na' or len(others) > 1)"
    )
    row, found = judged(
        twins, sandbox, program, tests=some_tests("a"), checker=checker(sandbox, source)
    )
    assert (row.outcome, [test.message for test in found]) == (Outcome.SUCCESS, [None])


def test_nothing_passes_from_one_check_to_the_next(twins: Twins, sandbox: SandboxDaemon) -> None:
    source = (
        "import os, sys\n"
        "left = [f for f in ('left', '/tmp/left') if os.path.exists(f)]\n"
        "for f in ('left', '/tmp/left'): open(f, 'w').close()\n"
        "sys.exit(str(left) if left else 0)"
    )
    row, _ = judged(
        twins, sandbox, ECHO, tests=some_tests("a", "b"), checker=checker(sandbox, source)
    )
    assert row.outcome is Outcome.SUCCESS
