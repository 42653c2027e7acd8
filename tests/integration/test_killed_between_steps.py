"""A worker that does all steps is killed before each of them, and every promise is kept."""

import signal
from contextlib import closing

import pytest

from app.domain.chain import CHAIN
from app.infrastructure.redis.admission import RedisAdmissionQueue
from app.infrastructure.sandbox.runtime import SandboxRuntime
from app.infrastructure.sqlite.event_log import SqliteEventLog
from app.queues import QUEUES
from tests.integration.conftest import Service
from tests.support.constants import in_processes, killed_by
from tests.support.event_logs import every_event
from tests.support.sandbox_daemon import SandboxDaemon
from tests.support.waiting import wait_until

ALL_QUEUES = ",".join(QUEUES)
PROGRAM = {"language": "bash", "source": "read n; echo $n"}


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_worker_that_is_killed_before_each_step_loses_nothing(
    service: Service, sandbox: SandboxDaemon
) -> None:
    fast = in_processes(transitions__STEP_SECONDS=1, beat__sweep=1)
    service = service.with_runtime(sandbox, **fast)
    ids = []
    with service.api() as client, service.beat():
        for step in CHAIN:
            killed = service.with_settings(**killed_by(step))
            with killed.worker(ALL_QUEUES, name=step) as worker:
                program = PROGRAM | {"stdin": f"{step}\n"}
                ids.append(client.post("/api/v1/executions", json=program).json()["id"])
                assert worker.wait(timeout=60) == -signal.SIGKILL
        with service.worker(ALL_QUEUES, name="last"):
            ended = [client.get(f"/api/v1/executions/{id}?wait=60").json() for id in ids]
            wait_until(lambda: RedisAdmissionQueue(service.redis).slots_used() == 0)
            wait_until(lambda: service.store.events_to_relay.waiting(1) == [])

    assert [(each["state"], each["attempt"]) for each in ended] == [("completed", 1)] * len(CHAIN)
    assert [each["result"]["stdout"] for each in ended] == [f"{step}\n" for step in CHAIN]
    assert not SandboxRuntime(sandbox.socket).list_pods()
    with closing(SqliteEventLog(service.folder / "events.db", timeout=5)) as log:
        events = [(event.execution_id, event.version) for event in every_event(log)]
    for id in ids:
        versions = [version for of, version in events if of == id]
        assert versions == list(range(1, len(versions) + 1))
