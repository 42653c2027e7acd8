"""Memory, descriptors, threads and files of every process over many executions.

Programs are submitted at a steady rate, and retention removes what is older than a minute, so what
is stored is soon the same at any time.
"""

import os
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from statistics import linear_regression
from typing import Final

import psutil

from app.wiring.disk import make_disk
from benchmarks.idle import named_processes
from benchmarks.measure import table, verdict
from benchmarks.service import running
from podline import Client
from tests.support.standalone import Standalone

TITLE: Final = "A soak: what grows over many executions"
EXECUTIONS: Final = 50_000
RATE: Final = 50.0
"""Executions a second, at most: below what two cores sustain, so that the rate stays the same."""
EVERY: Final = 1_000
"""Executions between two samples, which are taken while nothing runs."""
WARM_UP: Final = 5_000
"""Executions after which everything is to be flat."""
GROWTH_BAR: Final = 3.0
"""Percent of a process's own memory, from the warm-up to the end, by a line through all samples."""
_SMALL: Final = 1.0
"""MiB: a growth by less is within the noise, whatever share it is."""
_USED_ONCE: Final = "sandbox: a jail"
_IN_FLIGHT: Final = 8
_KEPT_SECONDS: Final = 60
_RUN_SECONDS: Final = 300.0
_ROWS: Final = 10
_MIB: Final = 1024 * 1024
_HEAD: Final = (
    *("executions", "a second", "PSS (MiB)", "RSS"),
    *("descriptors", "threads", "files", "on disk (MiB)"),
)
_PROCESS_HEAD: Final = (
    *("process", "PSS (MiB)", "at the end", "own (MiB)", "at the end", "growth (%)", ""),
    *("descriptors", "threads"),
)

_COMPILES: Final = '#include <cstdio>\nint main() {{ puts("{}"); }}\n'
_PRINTS_MUCH: Final = "echo {}; head -c 150000 /dev/zero | tr '\\0' x"
_WRITES: Final = "echo {}; head -c 100000 /dev/zero >kept.bin"


@dataclass(frozen=True, slots=True)
class Use:
    """What one process uses, or several of the same name. Memory is in MiB."""

    own: float = 0
    """Memory that is shared with nobody (USS)."""
    pss: float = 0
    rss: float = 0
    descriptors: int = 0
    threads: int = 0

    def __add__(self, other: "Use") -> "Use":
        return Use(
            self.own + other.own,
            self.pss + other.pss,
            self.rss + other.rss,
            self.descriptors + other.descriptors,
            self.threads + other.threads,
        )


@dataclass(frozen=True, slots=True)
class Sample:
    """After so many executions."""

    executions: int
    seconds: float
    """Since the start."""
    uses: dict[str, Use]
    files: int
    disk: float
    """MiB."""

    @property
    def total(self) -> Use:
        return sum(self.uses.values(), Use())


_BEGIN: Final = Sample(0, 0.0, {}, 0, 0.0)


def run(*, quick: bool, executions: int | None = None) -> str:
    wanted = executions or (4 * EVERY if quick else EXECUTIONS)
    samples: list[Sample] = []
    with (
        running(retention_seconds=_KEPT_SECONDS, idempotency_seconds=_KEPT_SECONDS) as (service, _),
        service.client() as client,
    ):
        began = time.monotonic()
        for done in range(0, wanted, EVERY):
            _run_all(client, range(done, done + EVERY))
            samples.append(_sample(service, done + EVERY, time.monotonic() - began))
            _report(samples[-1])
    return _answer(samples)


def _run_all(client: Client, numbers: range) -> None:
    began = time.monotonic()

    def run_in_time(number: int) -> str | None:
        due = began + (number - numbers.start) / RATE
        time.sleep(max(0.0, due - time.monotonic()))
        return _run_one(client, number)

    with ThreadPoolExecutor(_IN_FLIGHT) as pool:
        for number, outcome in zip(numbers, pool.map(run_in_time, numbers), strict=True):
            assert outcome == "success", f"program {number}: {outcome}"


def _run_one(client: Client, number: int) -> str | None:
    """Most programs print a line. One in fifty each compiles, prints much, or leaves a file."""
    match number % 50:
        case 0:
            language, source = "cpp", _COMPILES.format(number % 7)
        case 1:
            language, source = "bash", _PRINTS_MUCH.format(number)
        case 2:
            language, source = "bash", _WRITES.format(number)
        case 3:
            language, source = "python", f"print({number})"
        case _:
            language, source = "bash", f"echo {number}"
    ended = client.run(source, language=language, artifacts=["kept.bin"], timeout=_RUN_SECONDS)
    return ended.outcome


def _sample(service: Standalone, executions: int, seconds: float) -> Sample:
    uses: defaultdict[str, Use] = defaultdict(Use)
    for name, process in named_processes(service):
        with suppress(psutil.NoSuchProcess):  # a jail that is replaced
            memory = process.memory_full_info()
            sizes = (memory.uss / _MIB, memory.pss / _MIB, memory.rss / _MIB)
            uses[name] += Use(*sizes, process.num_fds(), process.num_threads())
    # os.walk takes a folder that retention removes meanwhile for an empty one.
    files = sum(len(inner) + len(files) for _, inner, files in os.walk(service.data_dir))
    taken = sum(make_disk(service.loaded_settings()).parts().values())
    return Sample(executions, seconds, dict(uses), files, taken / _MIB)


def _report(sample: Sample) -> None:
    total = sample.total
    print(
        f"{sample.executions} after {sample.seconds:.0f} s: {total.pss:.0f} MiB,"
        f" {total.descriptors} descriptors, {total.threads} threads, {sample.files} files,"
        f" {sample.disk:.0f} MiB on disk",
        file=sys.stderr,
    )


def _answer(samples: Sequence[Sample]) -> str:
    last = samples[-1]
    warm = [each for each in samples if each.executions >= min(WARM_UP, last.executions // 2)]
    step = -(-len(samples) // _ROWS)
    shown = samples[step - 1 :: step]
    return "\n\n".join(
        (
            f"{last.executions} executions in {last.seconds:.0f} s,"
            f" {last.executions / last.seconds:.0f} a second (at most {RATE:.0f}),"
            f" {_IN_FLIGHT} in flight at most. What ended more than {_KEPT_SECONDS} s ago is"
            " removed.",
            table(_HEAD, list(map(_row, (_BEGIN, *shown), shown))),
            f"From {warm[0].executions} executions on:",
            table(
                _PROCESS_HEAD,
                [_process_row(name, warm) for name in last.uses],
            ),
        )
    )


def _row(before: Sample, sample: Sample) -> list[object]:
    total = sample.total
    return [
        sample.executions,
        (sample.executions - before.executions) / (sample.seconds - before.seconds),
        *(total.pss, total.rss, total.descriptors, total.threads, sample.files, sample.disk),
    ]


def _process_row(name: str, warm: Sequence[Sample]) -> list[object]:
    uses = [each.uses.get(name, Use()) for each in warm]
    growth = _growth([each.executions for each in warm], [use.own for use in uses])
    flat = max(GROWTH_BAR, 100 * _SMALL / (uses[0].own or _SMALL))
    return [
        name,
        *(uses[0].pss, uses[-1].pss, uses[0].own, uses[-1].own, growth),
        "each is used once" if name.startswith(_USED_ONCE) else verdict(growth, flat),
        f"{uses[0].descriptors} → {uses[-1].descriptors}",
        f"{uses[0].threads} → {uses[-1].threads}",
    ]


def _growth(executions: Sequence[int], values: Sequence[float]) -> float:
    """Percent from the first sample to the last, by a line through all of them."""
    if len(values) < 2 or not values[0]:
        return 0.0
    line = linear_regression(executions, values)
    first = line.intercept + line.slope * executions[0]
    return 100 * line.slope * (executions[-1] - executions[0]) / first
