"""Where the time of one execution goes, from the times in the API, the store and task events."""

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

TITLE: Final = "Where the time of one `POST ?wait` goes (ms), one at a time"

HOPS: Final = (
    # One worker serves all queues, so only the first step is a message.
    "HTTP in: key, validation, quota",
    "insert, publish to `admission`, the worker receives",
    "… until a thread starts it",
    "admit: queue, slot, start of the transition",
    "commit; the worker joins saga's start step",
    "… until it starts",
    "saga's start step: start of the transition",
    "commit; the worker joins create",
    "… until it starts",
    "create: row, program, request to the daemon, until its bay starts",
    "the jail is set up and the program runs",
    "poll, which waits for the end: verdict, start of the transition",
    "commit; the worker joins persist",
    "… until it starts",
    "persist: row, output, result, start of the transition",
    "commit, wake-up, read, HTTP out",
)
PROGRAM: Final = HOPS.index("the jail is set up and the program runs")


@dataclass(frozen=True, slots=True)
class Course:
    """The times of one execution."""

    moments: tuple[float, ...]
    """In seconds. Between each two lies one of HOPS."""
    program_ms: float
    """The time that init measured."""
    clean_up_ms: float
    """From the transition to completed until the end of the task that made it."""
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
    rows.insert(
        PROGRAM + 1, _row("- of this, the program, as measured by init", courses, "program_ms")
    )
    totals = [course.total_ms() for course in courses]
    rows.append(["**total**", p50(totals), p95(totals)])
    rows.append(_row("after the response: pod deleted, slot released", courses, "clean_up_ms"))
    messages = p50([course.messages for course in courses])
    return f"{table(['', 'p50', 'p95'], rows)}\n\nTasks per execution: {messages:g}."


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
