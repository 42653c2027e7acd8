"""The local runtime alone: the time it adds to a program, its throughput, and what it leaks."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks import sandbox
from benchmarks.bare import Program
from benchmarks.cpu import OfPods, of_children_ms
from benchmarks.measure import in_turns, p50, p95, rates_in_turns, table, verdict
from benchmarks.sandbox import Sandbox
from tests.support.footprint import Footprint
from tests.support.waiting import wait_until

TITLE: Final = "The local runtime alone: `print(1)`"
BAYS: Final = 2
AT_ONCE: Final = 8
P50_BAR: Final = 4.0
P95_BAR: Final = 12.0
"""Milliseconds that the runtime may add to the bare program."""
RATE_BAR: Final = 1.0
"""Relative to bare nsjail."""
BARE: Final = "bare `python3 main.py`"
NSJAIL: Final = "bare nsjail"
SANDBOX: Final = "the runtime"
_PROCESSES: Final = {
    "jails": "jail and program",
    "nsjail": "nsjail",
    "daemon": "daemon",
    "client": "client",
}


def run(*, quick: bool) -> str:
    parts = (_latency, _throughput, _cpu_times, _leftovers)
    return "\n\n".join([part(quick=quick) for part in parts])


def _latency(*, quick: bool) -> str:
    with TemporaryDirectory() as folder, sandbox.daemon(BAYS) as runtime:
        program = Program.written(Path(folder))
        cases: dict[str, Callable[[], object]] = {
            BARE: program.run,
            SANDBOX: runtime.run_until_known,
            NSJAIL: program.run_in_nsjail,
        }
        times = in_turns(cases, rounds=20 if quick else 200, after=runtime.clean_up)
    over_p50 = p50(times[SANDBOX]) - p50(times[BARE])
    over_p95 = p95(times[SANDBOX]) - p95(times[BARE])
    rows: list[list[object]] = [[case, p50(times[case]), p95(times[case])] for case in cases]
    rows += [
        ["the runtime over the bare program", over_p50, over_p95],
        [
            f"target: {P50_BAR:g} and {P95_BAR:g}",
            verdict(over_p50, P50_BAR),
            verdict(over_p95, P95_BAR),
        ],
    ]
    return table(["One at a time, with jails ready (ms)", "p50", "p95"], rows)


def _throughput(*, quick: bool) -> str:
    with TemporaryDirectory() as folder, sandbox.daemon(AT_ONCE) as runtime:
        program = Program.written(Path(folder))
        cases: dict[str, Callable[[], object]] = {
            BARE: program.run,
            NSJAIL: program.run_in_nsjail,
            SANDBOX: runtime.run,
        }
        rates = rates_in_turns(
            cases, at_once=AT_ONCE, seconds=2 if quick else 3, rounds=1 if quick else 5
        )
    medians = {case: p50(of_case) for case, of_case in rates.items()}
    ratio = medians[SANDBOX] / medians[NSJAIL]
    rows: list[list[object]] = [
        [case, rate, f"{rate / medians[NSJAIL]:.2f}"] for case, rate in medians.items()
    ]
    rows.append([f"target: {RATE_BAR:g}", "", verdict(ratio, RATE_BAR, at_least=True)])
    return table(["Eight in flight, pods deleted", "per second", "relative to bare nsjail"], rows)


def _cpu_times(*, quick: bool) -> str:
    """Cases take turns, since the speed of a virtual machine's cores changes."""
    rounds, runs = (1, 2 * AT_ONCE) if quick else (10, 6 * AT_ONCE)
    bare: dict[str, list[float]] = {BARE: [], NSJAIL: []}
    pods: list[OfPods] = []
    with TemporaryDirectory() as folder, sandbox.daemon(AT_ONCE) as runtime:
        program = Program.written(Path(folder))
        _run(runtime, 2 * AT_ONCE)
        for _ in range(rounds):
            bare[BARE].append(_cpu_of_commands(program.run, runs))
            bare[NSJAIL].append(_cpu_of_commands(program.run_in_nsjail, runs))
            before = OfPods.now(runtime.daemon.pid)
            _run(runtime, runs)
            pods.append(OfPods.now(runtime.daemon.pid).per_pod(before, runs))
    rows: list[list[object]] = [[case, p50(of_case)] for case, of_case in bare.items()]
    rows.append([SANDBOX, p50([each.total for each in pods])])
    rows += [
        [f"- {what}", p50([getattr(each, name) for each in pods])]
        for name, what in _PROCESSES.items()
    ]
    return table(["CPU time of one run, eight in flight (ms)", "p50"], rows)


def _cpu_of_commands(act: Callable[[], object], runs: int) -> float:
    before = of_children_ms()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for ended in [pool.submit(act) for _ in range(runs)]:
            ended.result()
    return (of_children_ms() - before) / runs


def _leftovers(*, quick: bool) -> str:
    runs = 50 if quick else 1_000
    with sandbox.daemon(AT_ONCE) as runtime:
        _run(runtime, 100)
        before = _settled(runtime)
        _run(runtime, runs)
        after = _settled(runtime)
    rows = [[what, asdict(before)[what], value] for what, value in asdict(after).items()]
    return table([f"The daemon's resources after {runs:,} runs", "before", "after"], rows)


def _run(runtime: Sandbox, runs: int) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for ended in [pool.submit(runtime.run) for _ in range(runs)]:
            ended.result()


def _settled(runtime: Sandbox) -> Footprint:
    wait_until(lambda: len(runtime.daemon.waiting_jails()) == AT_ONCE)
    return Footprint.of(runtime.daemon)
