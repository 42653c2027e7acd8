"""Two workers per role and two beats share the work, and nothing is done twice.

Every message comes twice, too. The store is on a server, as where there are several workers.
"""

import time
from collections import Counter
from contextlib import closing

from app.domain.execution import State
from app.domain.filters import ExecutionFilter
from app.infrastructure.mongo.store import MongoStore
from app.infrastructure.redis.admission import RedisAdmissionQueue
from app.infrastructure.sandbox.runtime import SandboxRuntime
from app.infrastructure.sqlite.event_log import SqliteEventLog
from app.queues import QUEUES
from tests.integration.conftest import Service
from tests.support.constants import MESSAGES_TWICE, STEPS_APART, in_processes
from tests.support.event_logs import every_event
from tests.support.mongo_server import MongoServer
from tests.support.sandbox_daemon import SandboxDaemon
from tests.support.waiting import wait_until

EXECUTIONS = 12
ALL_QUEUES = ",".join(QUEUES)


def test_two_of_every_role_do_no_harm(
    service: Service, sandbox: SandboxDaemon, mongo_server: MongoServer
) -> None:
    database_url = mongo_server.url(f"two-{time.time_ns()}")
    service = service.with_runtime(
        sandbox,
        PODLINE_LOG_LEVEL="debug",
        PODLINE_DATABASE_URL=database_url,
        **MESSAGES_TWICE,
        **in_processes(beat__sweep=1, **STEPS_APART),
    )
    program = {"language": "bash", "source": "read n; echo $n"}
    programs = [program | {"stdin": f"{number}\n"} for number in range(EXECUTIONS)]
    with (
        closing(MongoStore(database_url, timeout=5)) as store,
        service.worker(ALL_QUEUES, name="one"),
        service.worker(ALL_QUEUES, name="two"),
        service.beat(),
        service.beat(),
        service.api() as client,
    ):
        ids = [client.post("/api/v1/executions", json=each).json()["id"] for each in programs]
        ended = [client.get(f"/api/v1/executions/{id}?wait=60").json() for id in ids]
        wait_until(lambda: store.events_to_relay.backlog(1) == (0, None))
        wait_until(lambda: RedisAdmissionQueue(service.redis).slots_used() == 0)
        rows = store.executions.page(ExecutionFilter(), None, 1_000)

    printed = [execution["result"]["stdout"] for execution in ended]
    assert printed == [f"{number}\n" for number in range(EXECUTIONS)]
    assert Counter(row.state for row in rows) == {State.COMPLETED: EXECUTIONS}
    assert {row.attempt for row in rows} == {1}
    versions = {row.id: list(range(1, row.version + 1)) for row in rows}
    assert versions_in_log(service) == versions
    assert not SandboxRuntime(sandbox.socket).list_pods()
    worked = [
        name for name in ("one", "two") if "pods.create" in service.log_path(name).read_text()
    ]
    assert worked == ["one", "two"], "one of them had nothing to do, so nothing was shared"


def versions_in_log(service: Service) -> dict[str, list[int]]:
    """Of each execution, in the order of the log."""
    versions: dict[str, list[int]] = {}
    with closing(SqliteEventLog(service.folder / "events.db", timeout=5)) as log:
        for event in every_event(log):
            versions.setdefault(event.execution_id, []).append(event.version)
    return versions
