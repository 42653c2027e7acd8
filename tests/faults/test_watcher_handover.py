"""If the worker with the watcher is killed, another one watches within ten seconds."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.infrastructure.redis.connection import connect
from app.queues import QUEUES
from app.service.watcher import LEASE_NAME
from podline import Client, OutputEvent, State
from tests.support.constants import in_processes
from tests.support.roles import Roles
from tests.support.sandbox_daemon import SandboxDaemon
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(200)]

HANDOVER_SECONDS = 10
PRINTS_THE_TIME = """
import time
for _ in range(200):
    print(time.time(), flush=True)
    time.sleep(0.2)
"""
NOBODY_POLLS = in_processes(monitor__POLL_SECONDS=300)
"""What the sweep would find by itself, it finds too late to help."""


@pytest.fixture
def roles(tmp_path: Path, sandbox: SandboxDaemon) -> Iterator[Roles]:
    """A worker on the monitor's queue that holds the lease, and a second one."""
    rest = ",".join(queue for queue in QUEUES if queue != "monitor")
    with Roles(
        tmp_path,
        f"unix://{sandbox.socket}",
        workers={"first": "monitor", "rest": rest},
        settings=NOBODY_POLLS,
    ) as roles:
        wait_until(lambda: holder_of_lease(roles))
        heartbeat = tmp_path / "heartbeat"
        roles.environment["PODLINE_HEARTBEAT_FILE"] = str(heartbeat)
        roles.start_worker("second", "monitor")
        wait_until(heartbeat.exists, within=60)
        yield roles


def test_verdicts_and_live_output_continue(roles: Roles) -> None:
    held_by = holder_of_lease(roles)
    with roles.client() as client, ThreadPoolExecutor(1) as pool:
        prints = client.submit(PRINTS_THE_TIME, language="python", limits={"wall_seconds": 60})
        printed = times_printed(client, prints.id)
        next(printed)
        ends = client.submit("import time; time.sleep(4)", language="python")
        wait_until(lambda: client.get(ends.id).state is State.RUNNING)

        killed_at = time.time()
        roles.process("first").kill()
        verdict = pool.submit(client.wait, ends.id, timeout=60)
        assert any(printed_at > killed_at for printed_at in printed)
        seen_after = time.time() - killed_at

        ended = verdict.result()
        client.cancel(prints.id)

    assert seen_after < HANDOVER_SECONDS
    assert (ended.state, ended.attempt) == (State.COMPLETED, 1)
    assert ended.completed_at
    assert 0 < ended.completed_at.timestamp() - killed_at < HANDOVER_SECONDS
    assert holder_of_lease(roles) not in (None, held_by)


def holder_of_lease(roles: Roles) -> object:
    """The token of whoever watches; None if nobody does."""
    return connect(roles.environment["PODLINE_REDIS_URL"]).get(f"podline:lease:{LEASE_NAME}")


def times_printed(client: Client, execution_id: str) -> Iterator[float]:
    """The times that the program prints, as its lines arrive."""
    for event in client.stream(execution_id):
        if isinstance(event, OutputEvent):
            yield from map(float, event.content.split())
