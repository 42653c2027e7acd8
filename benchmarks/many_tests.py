"""Many tests of one program: at the sandbox's daemon, and those in C and C++ by the API."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import psutil

from app.domain.pod import Pod, Run
from app.domain.policy import DEFAULT_LIMITS
from app.domain.report import Phase
from benchmarks import bare, sandbox, service
from benchmarks.api import Api
from benchmarks.measure import in_turns, p50, table, verdict
from benchmarks.sandbox import Sandbox
from tests.support.sandbox_daemon import a_pod, a_run, language

TITLE: Final = "Many tests of one program (ms)"
PYTHON_BAR: Final = 1.0
C_BAR: Final = 0.1
AGAIN_BAR: Final = 5.0
MIB: Final = 1 << 20
_PYTHON_TESTS: Final = 200
_C_TESTS: Final = 100
_ECHO: Final = "print(input())"
_ECHO_IN_C: Final = """
#include <stdio.h>
int main(void) { int c; while ((c = getchar()) != EOF) putchar(c); return 0; } /* %s */
"""
_ECHO_IN_CPP: Final = """
#include <iostream>
int main() { int number; std::cin >> number; std::cout << number << "\\n"; } // NUMBER
"""
_FLOOD: Final = "head -c 4194304 /dev/zero"
_FLOODS: Final = 16
_LOUD: Final = replace(DEFAULT_LIMITS, output_kib=4096)

_numbers = count(1)


def run(*, quick: bool) -> str:
    tests, executions = (20, 10) if quick else (_PYTHON_TESTS, _C_TESTS)
    with TemporaryDirectory() as folder, sandbox.daemon(bays=1) as running:
        jails = bare.Program.written(Path(folder), _ECHO)
        python = in_turns(
            {
                "tests": lambda: _python(running, tests),
                "jails": lambda: _bare(jails, tests),
            },
            rounds=1 if quick else 5,
            warm_up=1,
        )
        memory_mib = _memory_of_output(running)
    with service.running() as (_, api):
        in_c = in_turns(
            {
                "tests": lambda: _c(api, executions),
                "executions": lambda: _c_alone(api, executions),
            },
            rounds=1 if quick else 3,
            warm_up=0,
        )
        again = _again(api, rounds=3 if quick else 10)
    share = p50(python["tests"]) / p50(python["jails"])
    c_share = p50(in_c["tests"]) / p50(in_c["executions"])
    faster = p50(again["new"]) / p50(again["again"])
    rows: list[list[object]] = [
        [f"{tests} tests of `{_ECHO}`", p50(python["tests"])],
        [f"{tests} bare nsjail runs of it, one after another", p50(python["jails"])],
        [f"{executions} tests of a program in C", p50(in_c["tests"])],
        [f"{executions} executions of it", p50(in_c["executions"])],
        ["a program in C++ that was not compiled before", p50(again["new"])],
        ["the same program again", p50(again["again"])],
    ]
    return (
        f"{table(['', 'p50'], rows)}\n\n"
        f"Python: {share:.2f} of the bare runs"
        f" (at most {PYTHON_BAR}: {verdict(share, PYTHON_BAR)});"
        f" C: {c_share:.3f} of the executions (at most {C_BAR}: {verdict(c_share, C_BAR)});"
        f" C++ again: {faster:.0f} times faster"
        f" (at least {AGAIN_BAR:.0f}: {verdict(faster, AGAIN_BAR, at_least=True)})."
        f" While {_FLOODS * 4} MiB of output passed through, the daemon's memory grew by"
        f" {memory_mib:.0f} MiB."
    )


def _python(running: Sandbox, tests: int) -> None:
    _run(running, "python", _ECHO, [a_run(stdin=b"7\n") for _ in range(tests)], b"7\n")


def _bare(program: bare.Program, times: int) -> None:
    for _ in range(times):
        program.run_in_nsjail(b"7\n", b"7\n")


def _c_alone(api: Api, times: int) -> None:
    """A new program each time, so that it is compiled."""
    for _ in range(times):
        api.run(_ECHO_IN_C % next(_numbers), language="c", stdin="7\n", expected_output="7")


def _c(api: Api, tests: int) -> None:
    each = {"stdin": "7\n", "expected_output": "7"}
    api.run(_ECHO_IN_C % next(_numbers), language="c", tests=[each] * tests)


def _again(api: Api, rounds: int) -> dict[str, list[float]]:
    """A program in C++, once new and once with what the compiler made of it before."""
    last = ""

    def new() -> None:
        nonlocal last
        last = _ECHO_IN_CPP.replace("NUMBER", str(next(_numbers)))
        again()

    def again() -> None:
        api.run(last, language="cpp", stdin="7\n", expected_output="7")

    return in_turns({"new": new, "again": again}, rounds, warm_up=0)


def _memory_of_output(running: Sandbox) -> float:
    """How many MiB the daemon's peak rises by, above what one such run has taken."""
    daemon = psutil.Process(running.daemon.pid)
    _flood(running, 1)
    before = _peak_bytes(daemon)
    _flood(running, _FLOODS)
    return (_peak_bytes(daemon) - before) / MIB


def _flood(running: Sandbox, times: int) -> None:
    _run(running, "bash", _FLOOD, [a_run(limits=_LOUD) for _ in range(times)], bytes(4 * MIB))


def _peak_bytes(process: psutil.Process) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def _run(
    running: Sandbox,
    name: str,
    source: str,
    runs: Sequence[Run],
    expected: bytes,
) -> None:
    """Run a pod, and read all of its output."""
    runtime = running.daemon.runtime
    pod = a_pod(language(runtime, name), source, runs=tuple(runs))
    runtime.create(pod)
    _wait(running, pod)
    read = 0
    while read < len(runs):
        output = runtime.output(pod.name, read)
        assert output
        assert all(run and run.stdout == expected for run in output.runs)
        read += len(output.runs)
    runtime.delete(pod.name)


def _wait(running: Sandbox, pod: Pod) -> None:
    while True:
        seen = running.daemon.runtime.observe(pod.name, 2)
        assert seen
        if seen.phase is Phase.ENDED:
            return
        assert seen.phase is not Phase.FAULTED, seen.message
