"""Where the time of one execution goes, from the moments that API, store and task events tell."""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from time import time
from typing import Any, Final

from app.domain.chain import ADMIT, CREATE, PERSIST, START
from benchmarks.api import EXECUTIONS, Api
from benchmarks.measure import MILLISECONDS, p50, p95, table
from benchmarks.service import running
from benchmarks.task_events import Task, TaskEvents

TITLE: Final = "Where the time of one `POST ?wait` goes (ms), one after the other"

HOPS: Final = (
    "HTTP in: key, validation, quota",
    "insert, publish to `admission`, the worker receives",
    "… in the worker",
    "admit: queue, slot, and its transition begun",
    "commit, publish to `saga`, the worker receives",
    "… in the worker",
    "start, and its transition begun",
    "commit, publish to `pods`, the worker receives",
    "… in the worker",
    "create: row, program, to the daemon, until its bay begins",
    "the jail is made, the program runs in it",
    "poll, which waits for the end: verdict, and its transition begun",
    "commit, publish to `results`, the worker receives",
    "… in the worker",
    "persist: row, output, result, and its transition begun",
    "commit, wake-up, read, HTTP out",
)
PROGRAM: Final = HOPS.index("the jail is made, the program runs in it")


@dataclass(frozen=True, slots=True)
class Course:
    """One execution."""

    moments: tuple[float, ...]
    """In seconds; between two of them lies one of HOPS."""
    program_ms: float
    """What init measured."""
    clean_up_ms: float
    """From the transition to completed until the task that made it has ended."""
    messages: int

    def hops_ms(self) -> list[float]:
        return [MILLISECONDS * (after - before) for before, after in pairwise(self.moments)]

    def total_ms(self) -> float:
        return MILLISECONDS * (self.moments[-1] - self.moments[0])


def run(*, quick: bool) -> str:
    with running() as (service, api), TaskEvents(service.loaded_settings().broker_url()) as tasks:
        timed = [_timed(api) for _ in range(20 if quick else 100)]
        courses = [
            _course(api, tasks.of(execution["id"], last=PERSIST), execution, sent, answered)
            for execution, sent, answered in timed
        ]
    hops = list(zip(*(course.hops_ms() for course in courses), strict=True))
    rows: list[list[object]] = [[hop, p50(of), p95(of)] for hop, of in zip(HOPS, hops, strict=True)]
    rows.insert(PROGRAM + 1, _row("- of this the program, by init's clock", courses, "program_ms"))
    totals = [course.total_ms() for course in courses]
    rows.append(["**in all**", p50(totals), p95(totals)])
    rows.append(_row("after the answer: pod deleted, slot freed", courses, "clean_up_ms"))
    messages = p50([course.messages for course in courses])
    return f"{table(['', 'p50', 'p95'], rows)}\n\nTasks an execution: {messages:g}."


def _row(title: str, courses: list[Course], name: str) -> list[object]:
    values = [getattr(course, name) for course in courses]
    return [title, p50(values), p95(values)]


def _timed(api: Api) -> tuple[dict[str, Any], float, float]:
    sent = time()
    execution = api.run()
    return execution, sent, time()


def _course(
    api: Api, tasks: list[Task], execution: dict[str, Any], sent: float, answered: float
) -> Course:
    events = api.call("GET", f"{EXECUTIONS}/{execution['id']}/events")["items"]
    at = {str(event["data"]["state"]): _moment(event["time"]) for event in events}
    admit, start, create, persist = (_last(tasks, name) for name in (ADMIT, START, CREATE, PERSIST))
    return Course(
        moments=(
            sent,
            *(at["queued"], admit.received, admit.started),
            *(at["admitted"], start.received, start.started),
            *(at["starting"], create.received, create.started),
            *(_moment(execution["started_at"]), _moment(execution["finished_at"])),
            *(at["finished"], persist.received, persist.started),
            at["completed"],
            answered,
        ),
        program_ms=execution["result"]["wall_ms"],
        clean_up_ms=MILLISECONDS * (persist.succeeded - at["completed"]),
        messages=len(tasks),
    )


def _last(tasks: list[Task], name: str) -> Task:
    return max((task for task in tasks if task.name == name), key=lambda task: task.received)


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
