"""The time of one execution at a time, compared with baselines that it can't beat."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks import noops, sandbox
from benchmarks.bare import Program
from benchmarks.measure import in_turns, p50, p95, table, verdict
from benchmarks.service import running

TITLE: Final = "One execution of `print(1)` at a time (ms)"
BAYS: Final = 2
BAR: Final = 30.0
"""Milliseconds that `POST ?wait` may add to a bare nsjail run."""


def run(*, quick: bool) -> str:
    with ExitStack() as running_parts:
        enter = running_parts.enter_context
        program = Program.written(Path(enter(TemporaryDirectory())))
        _, api = enter(running())
        cases: dict[str, Callable[[], object]] = {
            "bare `python3 main.py`": program.run,
            "bare nsjail": program.run_in_nsjail,
            "the sandbox alone: create, end, output, delete": enter(sandbox.daemon(BAYS)).run,
            "bare Celery chain of five no-ops": enter(noops.worker()).run,
            "`POST ?wait`": api.run,
        }
        times = in_turns(cases, rounds=20 if quick else 100)
    medians = {case: p50(of_case) for case, of_case in times.items()}
    nsjail, post = medians["bare nsjail"], medians["`POST ?wait`"]
    rows = [[case, medians[case], p95(times[case])] for case in cases]
    over = f"`POST ?wait` over bare nsjail: {post - nsjail:.1f} ms at p50"
    bar = f"at most {BAR:.0f}: {verdict(post - nsjail, BAR)}"
    return f"{table(['', 'p50', 'p95'], rows)}\n\n{over} ({bar})."
