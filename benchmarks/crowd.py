"""How much many finished and queued executions slow down new ones.

All queued executions belong to one owner at its cap: the hardest case for admission.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final

from benchmarks.api import EXECUTIONS, Api
from benchmarks.measure import p50, table, timed, verdict
from benchmarks.population import populate
from benchmarks.service import running
from tests.support.waiting import wait_until

TITLE: Final = "20,000 finished and 10,000 queued executions, compared with none (ms, p50)"
BAR: Final = 1.5
SUBMIT: Final = "submit: `POST`"
ADMIT: Final = "admission: accepted to slot taken"
RUN: Final = "accepted to completed"
QUEUE: Final = "`GET /queue`"


def run(*, quick: bool) -> str:
    finished, queued = (2_000, 1_000) if quick else (20_000, 10_000)
    with (
        _crowded(finished=0, queued=1) as empty,
        _crowded(finished=finished, queued=queued) as full,
    ):
        before, after = _visits([empty, full], rounds=20 if quick else 100)
    rows = [_row(what, p50(before[what]), p50(after[what])) for what in (SUBMIT, ADMIT, RUN, QUEUE)]
    return table(["", "empty", "crowded", "ratio", f"target: {BAR}"], rows)


def _row(what: str, before: float, after: float) -> list[object]:
    ratio = after / before
    return [what, f"{before:.2f}", f"{after:.2f}", f"{ratio:.2f}", verdict(ratio, BAR)]


@contextmanager
def _crowded(*, finished: int, queued: int) -> Iterator[Api]:
    """Run a service with these executions. One of the queued runs, which caps their owner."""
    with running(
        prepare=lambda folder: populate(folder / "podline.db", finished=finished, queued=queued),
        max_running=2,
        max_running_per_owner=1,
    ) as (service, api):
        wait_until(lambda: service.admission().length() == queued - 1)
        yield api


def _visits(apis: list[Api], rounds: int) -> list[dict[str, list[float]]]:
    """Return the milliseconds of each request by another owner, to each service in turn."""
    times: list[dict[str, list[float]]] = [defaultdict(list) for _ in apis]
    for _ in range(rounds):
        for api, of_api in zip(apis, times, strict=True):
            for what, taken in _visit(api).items():
                of_api[what].append(taken)
    return times


def _visit(api: Api) -> dict[str, float]:
    answers: list[dict[str, Any]] = []
    submit = timed(lambda: answers.append(api.submit()))
    done = api.call("GET", f"{EXECUTIONS}/{answers[0]['id']}?wait=60")
    return {
        SUBMIT: submit,
        ADMIT: _between(done, "created_at", "admitted_at"),
        RUN: _between(done, "created_at", "completed_at"),
        QUEUE: timed(api.queue),
    }


def _between(execution: dict[str, Any], first: str, second: str) -> float:
    passed = datetime.fromisoformat(execution[second]) - datetime.fromisoformat(execution[first])
    return passed / timedelta(milliseconds=1)
