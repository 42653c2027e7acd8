"""The containers as an operator sees them: programs run, and one stopped container is no loss."""

import json
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from podline import Client
from tests.compose.conftest import Stack, docker
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.docker, pytest.mark.timeout(2400)]

ROLES = (
    "coordinator",
    "saga",
    "pod-creator",
    "pod-monitor",
    "result-processor",
    "event-replay",
    "dead-letters",
)
HARDENED = ("api", *ROLES, "beat", "flower", "mcp", "sandbox")


def inspected(stack: Stack, service: str) -> dict[str, object]:
    (container,) = json.loads(docker("inspect", *stack.containers(service)))
    return dict(container["HostConfig"]) | {"User": container["Config"]["User"]}


def all_completed(client: Client, ids: list[str]) -> bool:
    return all(client.get(execution_id).state == "completed" for execution_id in ids)


def test_it_runs_a_program(stack: Stack) -> None:
    execution = stack.client().run("print(6 * 7)", language="python", timeout=60)
    assert execution.result is not None
    assert (execution.outcome, execution.result.stdout) == ("success", "42\n")


def test_everything_that_it_leans_on_is_up(stack: Stack) -> None:
    wait_until(lambda: stack.client().readiness().status == "ready")


@pytest.mark.parametrize("service", HARDENED)
def test_containers_are_closed(service: str, stack: Stack) -> None:
    host = inspected(stack, service)
    assert host["ReadonlyRootfs"] is True
    assert host["CapDrop"] == ["ALL"]
    assert "no-new-privileges" in str(host["SecurityOpt"])
    assert host["User"] in ("podline", "sandbox")
    assert host["Memory"]


def test_the_sandbox_has_neither_network_nor_secrets(stack: Stack) -> None:
    host = inspected(stack, "sandbox")
    assert host["NetworkMode"] == "none"
    assert "/run/secrets" not in str(host["Binds"])


def test_no_secret_is_in_what_docker_shows(stack: Stack) -> None:
    shown = docker("inspect", *stack.containers()) + stack.compose("logs", "--no-color")
    for secret in ("admin_key", "flower_password", "redis_password"):
        assert (stack.secrets / secret).read_text().strip() not in shown


@pytest.mark.usefixtures("stack")
def test_flower_asks_for_its_password() -> None:
    with pytest.raises(HTTPError, match="401"):
        urlopen(Request("http://127.0.0.1:15555/workers"), timeout=10)


@pytest.mark.usefixtures("stack")
def test_tools_need_a_key() -> None:
    with pytest.raises(HTTPError, match="401"):
        urlopen(Request("http://127.0.0.1:18080/mcp", data=b"{}"), timeout=10)


def test_a_role_in_two_containers_stopped_and_killed_loses_nothing(stack: Stack) -> None:
    """A daemon killed under its programs, a worker killed, a worker asked to stop."""
    client = stack.client()
    stack.compose("up", "--detach", "--no-recreate", "--scale", "saga=2", "saga")
    ids = [
        client.submit(f"import time; time.sleep(0.2); print({n})", language="python").id
        for n in range(50)
    ]
    docker("kill", *stack.containers("sandbox"), stack.containers("saga")[0])
    stack.compose("stop", "result-processor")
    # Docker restarts what dies by itself, but not what it was asked to kill.
    stack.compose("up", "--detach", "--no-recreate", "--scale", "saga=2")
    wait_until(lambda: all_completed(client, ids), within=180)
    for number, execution_id in enumerate(ids):
        result = client.get(execution_id).result
        assert result is not None
        assert result.stdout == f"{number}\n"
