"""Executions per second with eight in flight, compared with eight bare jails."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks import sandbox
from benchmarks.bare import Program
from benchmarks.measure import p50, rates_in_turns, table, verdict
from benchmarks.service import running

TITLE: Final = "Executions of `print(1)` per second, eight in flight"
AT_ONCE: Final = 8
BAR: Final = 0.65
"""Relative to bare nsjail."""
NSJAIL: Final = "bare nsjail"


def run(*, quick: bool) -> str:
    with ExitStack() as running_parts:
        enter = running_parts.enter_context
        program = Program.written(Path(enter(TemporaryDirectory())))
        _, api = enter(running())
        _, wide_api = enter(running(max_running=AT_ONCE))
        cases: dict[str, Callable[[], object]] = {
            "bare `python3 main.py`": program.run,
            NSJAIL: program.run_in_nsjail,
            f"the sandbox alone, {AT_ONCE} bays": enter(sandbox.daemon(AT_ONCE)).run,
            "`POST ?wait`, default cap (two slots per core)": api.run,
            f"`POST ?wait`, cap of {AT_ONCE}": wide_api.run,
        }
        rates = rates_in_turns(
            cases, at_once=AT_ONCE, seconds=2 if quick else 3, rounds=1 if quick else 3
        )
    rows = [_row(case, of_case, rates[NSJAIL]) for case, of_case in rates.items()]
    return table(["", "per second", "relative to bare nsjail", f"target: {BAR}"], rows)


def _row(case: str, rates: list[float], nsjail: list[float]) -> list[object]:
    """Compute the ratio within each round, since the machine's speed may differ between rounds."""
    ratio = p50([rate / of_nsjail for rate, of_nsjail in zip(rates, nsjail, strict=True)])
    bar = verdict(ratio, BAR, at_least=True) if "POST" in case else ""
    return [case, p50(rates), f"{ratio:.2f}", bar]
