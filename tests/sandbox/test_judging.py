"""Tests and their checker through all steps, in real jails, with hostile ones among them."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from app.domain.execution import SECOND, Execution, Outcome, State
from app.domain.judging import JudgedTest
from app.domain.policy import DEFAULT_COMPILE_LIMITS
from app.domain.report import Observation, Phase, Report
from app.domain.submission import Checker, ExpectedOutput, File, SubmittedTest
from app.infrastructure.sandbox.runtime import SandboxRuntime
from app.service.sweep import sweep
from tests.support.builders import a_submission
from tests.support.constants import changed
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


def checker(sandbox: SandboxDaemon, source: str, name: str = "python", /, **limits: Any) -> Checker:
    like, found = a_submission(), language(sandbox.runtime, name)
    return Checker(
        language=found.name,
        language_version=found.version,
        files=(File(found.source_name, source.encode()),),
        entrypoint=found.source_name,
        limits=replace(like.limits, **limits),
        compile_limits=DEFAULT_COMPILE_LIMITS,
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
        ("while True: pass", {"cpu_seconds": 0.3}, "A limit stopped the checker: cpu_seconds"),
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
    twins: Twins, sandbox: SandboxDaemon, source: str, limits: dict[str, float], says: str
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


LIKE_TESTLIB = r"""
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

enum Verdict { OK, WRONG, FORM, FAIL, PARTIAL = 7 };

[[noreturn]] void quitf(Verdict verdict, const char *format, ...) {
    va_list values;
    va_start(values, format);
    vfprintf(stderr, format, values);
    std::exit(verdict);
}

long long number(std::ifstream &stream, long long least, long long most) {
    std::string word;
    if (!(stream >> word)) quitf(FORM, "unexpected end of file");
    if (word.size() > 18) quitf(FORM, "a word of %zu bytes", word.size());
    size_t used = 0;
    long long found = 0;
    try { found = std::stoll(word, &used); } catch (...) { used = 0; }
    if (used != word.size()) quitf(FORM, "not a number");
    if (found < least || found > most) quitf(WRONG, "out of range");
    return found;
}

int main(int count, char **names) {
    if (count != 4) quitf(FAIL, "three arguments");
    std::ifstream in(names[1]), out(names[2]), answer(names[3]);
    long long wanted = number(answer, 0, 1000), sum = 0;
    for (int each = 0; each < 2; each++) sum += number(out, -1000, 1000);
    std::string more;
    if (out >> more) quitf(FORM, "%zu more bytes", more.size());
    if (sum == wanted) quitf(OK, "ok");
    if (sum == wanted + 1) quitf(PARTIAL, "points 0.5 nearly");
    quitf(WRONG, "%lld is not %lld", sum, wanted);
}
"""
PRINTS = r"""
import sys
hostile = {
    "right": b"40 2",
    "unusual": b"\t+40\r\n\f2 \v\n\n",
    "nearly": b"41 2",
    "wrong": b"-1000 1000",
    "nothing": b"",
    "space": b" \n" * 500_000,
    "one": b"40",
    "more": b"40 2 0",
    "huge": b"9" * 300_000 + b" 2",
    "large": b"99999 2",
    "hexadecimal": b"0x28 2",
    "text": b"forty 2",
    "nul": b"40\0 2",
    "not utf-8": b"\xff\xfe40 2",
    "escapes": b"\x1b[2J40 2",
    "format": b"%n%s%n 2",
    "forged": b"points 1\n0\n",
}
sys.stdout.buffer.write(hostile[input()])
"""
VERDICTS = {
    "right": ("success", 8, "ok"),
    "unusual": ("success", 8, "ok"),
    "nearly": ("wrong_output", 4, "points 0.5 nearly"),
    "wrong": ("wrong_output", 0, "0 is not 42"),
    "nothing": ("wrong_output", 0, "unexpected end of file"),
    "space": ("wrong_output", 0, "unexpected end of file"),
    "one": ("wrong_output", 0, "unexpected end of file"),
    "more": ("wrong_output", 0, "1 more bytes"),
    "huge": ("wrong_output", 0, "a word of 300000 bytes"),
    "large": ("wrong_output", 0, "out of range"),
    "hexadecimal": ("wrong_output", 0, "not a number"),
    "text": ("wrong_output", 0, "not a number"),
    "nul": ("wrong_output", 0, "not a number"),
    "not utf-8": ("wrong_output", 0, "not a number"),
    "escapes": ("wrong_output", 0, "not a number"),
    "format": ("wrong_output", 0, "not a number"),
    "forged": ("wrong_output", 0, "not a number"),
}


class Watched:
    """The runtime, and what it reported last about each pod that has ended."""

    def __init__(self, runtime: SandboxRuntime) -> None:
        self._runtime = runtime
        self.ended: dict[str, Observation] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._runtime, name)

    def observe(self, name: str, wait_seconds: float = 0) -> Observation | None:
        found = self._runtime.observe(name, wait_seconds)
        if found and found.phase is Phase.ENDED:
            self.ended[name] = found
        return found


def test_hostile_output_and_a_checker_in_cpp_that_is_compiled_once(sandbox: SandboxDaemon) -> None:
    watched = Watched(sandbox.runtime)
    twins = make_twins(runtime=watched)  # type: ignore[arg-type]  # the real one
    tests = tuple(SubmittedTest(name=name, stdin=name.encode(), points=8) for name in VERDICTS)

    with changed(checks__PART_BYTES=500_000):
        row, found = judged(
            twins,
            sandbox,
            PRINTS,
            tests=tests,
            expected_output=ExpectedOutput(b"42"),
            limits=replace(a_submission().limits, output_kib=1024),
            checker=checker(sandbox, LIKE_TESTLIB, "cpp"),
        )

    assert {test.name: (str(test.outcome), test.points, test.message) for test in found} == VERDICTS
    reports = [watched.ended[row.checker_pod(number)].report for number in (1, 2, 3)]
    assert row.checker_pod(4) not in watched.ended
    assert [is_cached(report) for report in reports] == [False, True, True]

    # The same checker of another submission of that owner is not compiled either.
    row, _ = judged(
        twins, sandbox, ECHO, tests=some_tests("1 1"), checker=checker(sandbox, LIKE_TESTLIB, "cpp")
    )
    assert is_cached(watched.ended[row.checker_pod()].report)


def is_cached(report: Report | None) -> bool:
    assert report
    assert report.compile
    return report.compile.cached


def test_a_checker_beyond_its_deadline_is_ended(sandbox: SandboxDaemon) -> None:
    """The service's clock runs ahead, so it seems that the runtime doesn't enforce its limits."""
    twins = make_twins(runtime=sandbox.runtime, max_attempts=1)  # type: ignore[arg-type]  # the real one
    worker = Worker(twins.ports)
    sleeps = checker(sandbox, "import time; time.sleep(9)")
    files = (File("main.py", ECHO.encode()),)
    row = twins.submit(
        language_version=python(sandbox), files=files, tests=some_tests("a"), checker=sleeps
    )

    def checking() -> bool:
        sweep(twins.ports)
        worker.run_all()
        twins.clock.advance(10)
        return row.id.lower() + "-1-c" in sandbox.runtime.list_pods()

    wait_until(checking)
    behind = time.time() - twins.clock() / SECOND
    twins.clock.advance(behind + twins.ports.policy.max_wall_seconds + 1_000)
    sweep(twins.ports)
    worker.run_all()

    done = twins.now(row)
    assert (done.state, done.message) == (
        State.FAILED,
        "the checker did not end before its deadline",
    )
    assert not [pod for pod in sandbox.runtime.list_pods() if pod.startswith(row.id.lower())]
