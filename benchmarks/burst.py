"""A whole class that submits at the same moment: is everything accepted, and how soon?"""

import asyncio
import json
from collections import Counter
from time import perf_counter
from typing import Final

from benchmarks.api import EXECUTIONS, PRINT_1, Api
from benchmarks.measure import MILLISECONDS, p50, table, verdict
from benchmarks.service import running, worker_paused

TITLE: Final = "A thousand simultaneous `POST`s, each on its own connection"
AT_ONCE: Final = 1_000
BAR_MS: Final = 5_000
CONNECTIONS_AT_ONCE: Final = 100
"""Connections are opened in advance and gradually, since only the submissions are measured."""
NO_QUOTA: Final = 1_000_000


def run(*, quick: bool) -> str:
    rounds = 1 if quick else 3
    with running(max_unfinished_per_owner=NO_QUOTA, max_unfinished=NO_QUOTA) as (service, api):
        both = [_burst(api) for _ in range(rounds)]
        with worker_paused(service):
            alone = [_burst(api) for _ in range(rounds)]
    return table(
        ["", "responses", "p50, ms", "last, ms", f"target: all 202 within {BAR_MS:,} ms"],
        [
            _row("worker paused", alone),
            _row("worker running programs", both),
        ],
    )


def _row(title: str, bursts: list[list[tuple[int, float]]]) -> list[object]:
    answers = [answer for burst in bursts for answer in burst]
    statuses = Counter(status for status, _ in answers)
    last = max(taken for _, taken in answers)
    answered = ", ".join(f"{count:,} × {status}" for status, count in statuses.most_common())
    met = verdict(last, BAR_MS) if set(statuses) == {202} else "**missed**"
    return [title, answered, p50([taken for _, taken in answers]), last, met]


def _burst(api: Api) -> list[tuple[int, float]]:
    """Return the status of each response, and its milliseconds since the start."""
    return asyncio.run(_post_all(api))


async def _post_all(api: Api) -> list[tuple[int, float]]:
    host, _, port = api.address.partition(":")
    limit = asyncio.Semaphore(CONNECTIONS_AT_ONCE)
    start = asyncio.Event()
    opened = asyncio.Semaphore(0)

    async def post() -> tuple[int, float]:
        async with limit:
            reader, writer = await asyncio.open_connection(host, port)
        opened.release()
        await start.wait()
        writer.write(_request(api))
        status = int((await reader.readuntil(b"\r\n")).split()[1])
        taken = MILLISECONDS * (perf_counter() - began)
        await reader.read()
        writer.close()
        return status, taken

    tasks = [asyncio.create_task(post()) for _ in range(AT_ONCE)]
    for _ in tasks:
        await opened.acquire()
    began = perf_counter()
    start.set()
    return list(await asyncio.gather(*tasks))


def _request(api: Api) -> bytes:
    body = json.dumps({"language": "python", "source": PRINT_1}).encode()
    headers = {
        **api.headers,
        "Host": api.address,
        "Content-Length": str(len(body)),
        "Connection": "close",
    }
    lines = [f"POST {EXECUTIONS} HTTP/1.1", *(f"{name}: {it}" for name, it in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body
