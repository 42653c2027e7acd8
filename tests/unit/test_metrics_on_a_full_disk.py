"""Shared counters are memory-mapped files, whose pages may not fit on the disk."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.infrastructure.prometheus.folder import VARIABLE, make_empty
from tests.support.disks import Kind, disk, kept_full

COUNT = """
import sys
from app.infrastructure.prometheus.metrics import PrometheusMetrics
metrics = PrometheusMetrics()
for line in sys.stdin:
    for number in range(int(line)):
        metrics.step_done(f"step {number}", 0.1)
        metrics.request_answered("GET", f"/{number}", 200)
        metrics.watch_restarted()
    shown = metrics.exposition().decode().splitlines()
    print(len([line for line in shown if line.startswith("podline_")]), flush=True)
"""
SERIES = 16
"""Of one step; a request's route adds one."""


@pytest.fixture(params=["tmpfs", pytest.param("ext4", marks=pytest.mark.long)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    kind: Kind = request.param
    with disk(kind, tmp_path, 4) as place:
        make_empty(place / "metrics")
        yield place


class Process:
    """A process that counts on demand."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def count(self, how_many: int) -> int:
        """Count this many steps and requests. Returns the number of series."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{how_many}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline() or "-1")


@contextmanager
def counting(place: Path) -> Iterator[Process]:
    process = subprocess.Popen(
        [sys.executable, "-c", COUNT],
        env=os.environ | {VARIABLE: str(place / "metrics")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Process(process)
        process.communicate(timeout=60)
        assert process.returncode == 0
    finally:
        process.kill()


def test_what_was_counted_before_is_counted_on(place: Path) -> None:
    with counting(place) as process:
        series = process.count(3)
        with kept_full(place):
            assert process.count(3) == series
            assert process.count(500) < 500 * SERIES, "not all fit into what was allocated"
        assert process.count(500) > 500 * SERIES


def test_a_process_that_starts_on_a_full_disk_counts_once_there_is_space(place: Path) -> None:
    with kept_full(place), counting(place) as process:
        assert process.count(3) == 0
    with counting(place) as process:
        assert process.count(3) > 3 * SERIES


def test_it_counts_by_itself_when_there_is_space(place: Path) -> None:
    with counting(place) as process:
        with kept_full(place):
            assert process.count(3) == 0
        assert process.count(3) > 3 * SERIES
