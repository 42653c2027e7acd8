"""Executions per second at a hundred per batch, next to single submissions."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import Final

import psutil

from benchmarks.api import BATCHES, PRINT_1, Api
from benchmarks.cpu import with_children_ms
from benchmarks.measure import p50, stretch, table, verdict
from benchmarks.service import running, worker_paused

TITLE: Final = "A hundred programs in a batch, next to single `POST`s"
IN_BATCH: Final = 100
CLIENTS: Final = 4
SINGLES_AT_MOST: Final = 20
"""A batch of 100 may cost the API as much CPU time as this many single submissions."""
NO_QUOTA: Final = 1_000_000


def run(*, quick: bool) -> str:
    seconds = 2.0 if quick else 5.0
    with running(max_unfinished_per_owner=NO_QUOTA, max_unfinished=NO_QUOTA) as (service, api):
        to_the_end = [_singles_to_the_end(api), _batch_to_the_end(api)]
        server = service.child("api")
        with worker_paused(service):
            singles = _measured(server, api.submit, 1, seconds)
            batches = _measured(server, lambda: submit_batch(api), IN_BATCH, seconds)
    bar = verdict(IN_BATCH * batches[1], SINGLES_AT_MOST * singles[1])
    return table(
        [
            "",
            "accepted per second, worker paused",
            "request, p50, ms",
            "CPU of the API per execution, ms",
            f"target: a batch costs less CPU than {SINGLES_AT_MOST} `POST`s",
            f"{IN_BATCH} programs to the last end, s",
        ],
        [
            ["single `POST`s", *_cells(singles, ""), to_the_end[0]],
            [f"batches of {IN_BATCH}", *_cells(batches, bar), to_the_end[1]],
        ],
    )


def _cells(measured: tuple[float, float, float], bar: str) -> list[object]:
    rate, cpu, median = measured
    return [rate, median, f"{cpu:.2f}", bar]


def submit_batch(api: Api) -> str:
    body = {"executions": [{"language": "python", "source": PRINT_1}] * IN_BATCH}
    batch_id: str = api.call("POST", BATCHES, json.dumps(body).encode())["id"]
    return batch_id


def _measured(
    server: psutil.Process, act: Callable[[], object], executions: int, seconds: float
) -> tuple[float, float, float]:
    """Return executions per second, the API's CPU per execution in ms, and the p50 in ms."""
    before = with_children_ms(server)
    times = stretch(act, at_once=CLIENTS, seconds=seconds)
    # Each client's last call ends after the stretch, and costs CPU time, too.
    used = (with_children_ms(server) - before) / ((len(times) + CLIENTS) * executions)
    return len(times) * executions / seconds, used, p50(times)


def _singles_to_the_end(api: Api) -> float:
    began = perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(lambda _: api.run(), range(IN_BATCH)))
    return perf_counter() - began


def _batch_to_the_end(api: Api) -> float:
    began = perf_counter()
    batch_id = submit_batch(api)
    while api.call("GET", f"{BATCHES}/{batch_id}?wait=60")["unfinished"]:
        pass
    return perf_counter() - began
