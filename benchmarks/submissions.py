"""How many submissions per second the API accepts, with the worker running and paused."""

from typing import Final

from benchmarks.measure import p50, p95, stretch, table, verdict
from benchmarks.service import running, worker_paused

TITLE: Final = "Submissions per second: `POST` without `wait`, four clients"
CLIENTS: Final = 4
BAR_ALONE: Final = 800
BAR_BESIDE: Final = 150
NO_QUOTA: Final = 1_000_000


def run(*, quick: bool) -> str:
    seconds = 2.0 if quick else 5.0
    with running(max_unfinished_per_owner=NO_QUOTA, max_unfinished=NO_QUOTA) as (service, api):
        both = stretch(api.submit, at_once=CLIENTS, seconds=seconds)
        # This comes second because the worker has a backlog afterwards.
        with worker_paused(service):
            alone = stretch(api.submit, at_once=CLIENTS, seconds=seconds)
    return table(
        ["", "per second", "p50, ms", "p95, ms", f"target: {BAR_ALONE}, {BAR_BESIDE}"],
        [
            _row("worker paused", alone, seconds, BAR_ALONE),
            _row("worker running as many programs as it can", both, seconds, BAR_BESIDE),
        ],
    )


def _row(title: str, times: list[float], seconds: float, bar: int) -> list[object]:
    rate = len(times) / seconds
    return [title, rate, p50(times), p95(times), verdict(rate, bar, at_least=True)]
