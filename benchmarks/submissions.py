"""How many submissions a second the API takes, with and without the worker beside it."""

from typing import Final

from benchmarks.measure import p50, p95, stretch, table, verdict
from benchmarks.service import running
from tests.standalone import Standalone

TITLE: Final = "Submissions a second: `POST` without `wait`, four clients"
CLIENTS: Final = 4
BAR: Final = 150
NO_QUOTA: Final = 1_000_000


def run(*, quick: bool) -> str:
    seconds = 2.0 if quick else 5.0
    rows = []
    with running(max_unfinished_per_owner=NO_QUOTA, max_unfinished=NO_QUOTA) as (service, api):
        for title, paused in [("the worker is paused", True), ("the worker runs them", False)]:
            if paused:
                pause(service)
            times = stretch(api.submit, at_once=CLIENTS, seconds=seconds)
            rate = len(times) / seconds
            rows.append([title, rate, p50(times), p95(times), verdict(rate, BAR, at_least=True)])
            if paused:
                go_on(service)
    return table(["", "a second", "p50, ms", "p95, ms", f"bar: {BAR}"], rows)


def pause(service: Standalone) -> None:
    service.child("worker").suspend()


def go_on(service: Standalone) -> None:
    service.child("worker").resume()
