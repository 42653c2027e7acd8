"""The cost of running every role in its own process. Needs a Kafka (KAFKA)."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.api import Api
from benchmarks.measure import in_turns, p50, p95, table, verdict
from benchmarks.service import WARM_UP
from tests.support.roles import ONE_FOR_ALL, ONE_FOR_EACH_QUEUE, Roles
from tests.support.sandbox_daemon import SandboxDaemon

TITLE: Final = "Seven workers compared with one: `POST ?wait` of `print(1)` (ms)"
BAR: Final = 25.0
"""Milliseconds that seven workers may add at p50."""


def run(*, quick: bool) -> str:
    with ExitStack() as stack:
        cases = {
            "one worker for all queues": stack.enter_context(_service(ONE_FOR_ALL)).run,
            "one worker per queue": stack.enter_context(_service(ONE_FOR_EACH_QUEUE)).run,
        }
        times = in_turns(cases, rounds=20 if quick else 100)
    rows = [[case, p50(of_case), p95(of_case)] for case, of_case in times.items()]
    one, seven = (p50(of_case) for of_case in times.values())
    added = f"Seven workers add {seven - one:.1f} ms at p50"
    bar = f"at most {BAR:.0f}: {verdict(seven - one, BAR)}"
    return f"{table(['', 'p50', 'p95'], rows)}\n\n{added} ({bar})."


@contextmanager
def _service(workers: Mapping[str, str]) -> Iterator[Api]:
    with TemporaryDirectory(prefix="podline-benchmark-") as folder:
        daemon = SandboxDaemon(Path(folder), bays=4)
        daemon.start()
        try:
            settings = {"PODLINE_LOG_LEVEL": "warning"}
            url = f"unix://{daemon.socket}"
            with Roles(Path(folder), url, workers=workers, settings=settings) as roles:
                api = Api(roles.url, roles.key)
                for _ in range(WARM_UP):
                    api.run()
                yield api
        finally:
            daemon.stop()
