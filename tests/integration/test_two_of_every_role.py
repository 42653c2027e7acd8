"""Two workers per role and two beats share the work, and nothing is done twice."""

from collections import Counter

from app.domain.execution import State
from app.domain.filters import ExecutionFilter
from app.infrastructure.redis.admission import RedisAdmissionQueue
from app.infrastructure.sandbox.runtime import SandboxRuntime
from app.queues import QUEUES
from tests.integration.conftest import Service
from tests.support.constants import in_processes
from tests.support.sandbox_daemon import SandboxDaemon
from tests.support.waiting import wait_until

EXECUTIONS = 20
ALL_QUEUES = ",".join(QUEUES)


def test_two_of_every_role_do_no_harm(service: Service, sandbox: SandboxDaemon) -> None:
    service = service.with_runtime(sandbox, PODLINE_LOG_LEVEL="debug")
    service = service.with_settings(**in_processes(beat__sweep=1))
    program = {"language": "bash", "source": "read n; echo $n"}
    programs = [program | {"stdin": f"{number}\n"} for number in range(EXECUTIONS)]
    with (
        service.worker(ALL_QUEUES, name="one"),
        service.worker(ALL_QUEUES, name="two"),
        service.beat(),
        service.beat(),
        service.api() as client,
    ):
        ids = [client.post("/api/v1/executions", json=each).json()["id"] for each in programs]
        ended = [client.get(f"/api/v1/executions/{id}?wait=60").json() for id in ids]
        wait_until(lambda: service.store.events_to_relay.backlog(1) == (0, None))
        wait_until(lambda: RedisAdmissionQueue(service.redis).slots_used() == 0)

    printed = [execution["result"]["stdout"] for execution in ended]
    assert printed == [f"{number}\n" for number in range(EXECUTIONS)]
    rows = service.store.executions.page(ExecutionFilter(), None, 1_000)
    assert Counter(row.state for row in rows) == {State.COMPLETED: EXECUTIONS}
    assert {row.attempt for row in rows} == {1}
    assert not SandboxRuntime(sandbox.socket).list_pods()
    worked = [
        name for name in ("one", "two") if "pods.create" in service.log_path(name).read_text()
    ]
    assert worked == ["one", "two"], "one of them had nothing to do, so nothing was shared"
