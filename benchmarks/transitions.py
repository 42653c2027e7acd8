"""Runs executions at a steady rate on the in-memory runtime, in a separate process.

python -m benchmarks.transitions DATABASE RATE SECONDS
"""

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

from app.infrastructure.clock import now
from app.infrastructure.memory.runtime import MemoryRuntime
from app.infrastructure.sqlite.store import SqliteStore
from app.service.submit import submit
from tests.support.builders import a_key, a_submission
from tests.support.twins import make_twins
from tests.support.worker import Worker


def transitions(database: Path, rate: int, seconds: float) -> float:
    """Run every step from submission to verdict. Returns the executions per second."""
    command = [sys.executable, "-m", __name__, str(database), str(rate), str(seconds)]
    return float(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def main(database: Path, rate: int, seconds: float) -> None:
    store = SqliteStore(database, timeout=5)
    ports = replace(make_twins(runtime=MemoryRuntime()).ports, store=store, clock=now)
    worker = Worker(ports)
    wanted, begun = int(rate * seconds), time.monotonic()
    for number in range(wanted):
        time.sleep(max(begun + number / rate - time.monotonic(), 0))
        submit(ports, a_key(), a_submission())
        worker.run_all()
    print(wanted / (time.monotonic() - begun))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
