"""How long `podline up` takes until its first execution has completed."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, sleep
from typing import Final

from benchmarks.api import Api
from benchmarks.measure import p50, table, verdict
from benchmarks.service import api_of, environment

TITLE: Final = "From `podline up` to the first result, in a new folder (s)"
BAR: Final = 8.0
_LONGEST: Final = 60.0
_ASK_AGAIN: Final = 0.05


def run(*, quick: bool) -> str:
    times = [_start_once() for _ in range(1 if quick else 3)]
    middle = p50(times)
    head = ["median", "fastest", "slowest", f"target: {BAR:.0f}"]
    return table(head, [[middle, min(times), max(times), verdict(middle, BAR)]])


def _start_once() -> float:
    with TemporaryDirectory(prefix="podline-benchmark-") as folder:
        started = perf_counter()
        command = [str(Path(sys.executable).with_name("podline")), "up", "--data-dir", folder]
        process = subprocess.Popen(
            [*command, "--port", "0"],
            env=os.environ | environment({}),
            stdout=subprocess.DEVNULL,
        )
        try:
            _first_answer(Path(folder), started + _LONGEST)
            return perf_counter() - started
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def _first_answer(folder: Path, deadline: float) -> None:
    """Repeat until it responds. AssertionError means that the key isn't valid yet."""
    while perf_counter() < deadline:
        with suppress(OSError, AssertionError):
            api: Api = api_of(folder)
            api.run()
            return
        sleep(_ASK_AGAIN)
    raise TimeoutError(f"no response within {_LONGEST} s")
