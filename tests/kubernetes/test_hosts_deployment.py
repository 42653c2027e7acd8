"""compose/kubernetes/hosts on a cluster: jails in its pods, and rollouts that lose nothing."""

from collections import Counter
from collections.abc import Iterator

import pytest
from kubernetes import client

from podline import Client
from tests.kubernetes.deployment import (
    HOST,
    HOSTS,
    Deployment,
    Hosts,
    deployed,
    kubectl,
    node_run,
)
from tests.support.kubernetes.namespace import api_client
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(600)]

BURST = 60
MIB = 1 << 20


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with (
        node_run(),
        deployed(tmp_path_factory.mktemp("deployment"), hosts=Hosts(count=1)) as deployment,
    ):
        yield deployment


@pytest.fixture
def api(deployment: Deployment) -> Iterator[Client]:
    with deployment.api() as api:
        yield api


def names(deployment: Deployment) -> set[str]:
    return {str(pod.metadata.name) for pod in deployment.hosts() if pod.metadata}


def test_a_program_runs_on_a_host_and_starts_no_pod(deployment: Deployment, api: Client) -> None:
    execution = api.run("print(input().upper())", language="python", stdin="in a jail\n")
    assert execution.result is not None
    assert (execution.state, execution.result.stdout) == ("completed", "IN A JAIL\n")
    assert execution.place in names(deployment)
    assert not deployment.sandboxes()


@pytest.mark.parametrize(
    ("source", "outcome"),
    [
        ("while True: pass", "time_limit"),
        ("import time; time.sleep(60)", "time_limit"),
        (f"x = bytearray(40 * {MIB})\nwhile True: x += bytearray({MIB})", "memory_limit"),
        ("while True: print('x' * 1000)", "output_limit"),
    ],
)
def test_limits_hold(api: Client, source: str, outcome: str) -> None:
    wall_seconds = 3 if "sleep" in source else 30
    limits = {"wall_seconds": wall_seconds, "cpu_seconds": 1, "memory_mib": 64}
    execution = api.run(source, language="python", limits=limits)
    assert execution.outcome == outcome


def test_a_program_sees_neither_network_nor_credentials(api: Client) -> None:
    source = """
import os, pathlib, socket
print(sorted(name for _, name in socket.if_nameindex()))
print(any(name.startswith(("PODLINE", "KUBERNETES")) for name in os.environ))
print(os.path.exists("/run/secrets"), os.path.exists("/run/podline"), os.path.exists("/run/proc"))
"""
    execution = api.run(source, language="python")
    assert execution.result is not None
    assert execution.result.stdout == "['lo']\nFalse\nFalse False False\n"


def test_a_rollout_under_load_loses_nothing(deployment: Deployment, api: Client) -> None:
    before = names(deployment)
    ids: list[str] = []

    def submit() -> None:
        source = f"import time; time.sleep(0.5); print({len(ids)})"
        ids.append(api.submit(source, language="python").id)

    def runs_on_a_new_host() -> bool:
        submit()
        return any(api.get(id).place not in {None, *before} for id in ids)

    for _ in range(BURST):
        submit()
    kubectl("-n", HOSTS, "rollout", "restart", f"deployment/{HOST}")
    wait_until(runs_on_a_new_host, within=120, every=1)
    wait_until(lambda: all(api.get(id).state == "completed" for id in ids), within=180, every=1)
    rows = [api.get(id) for id in ids]
    assert Counter((row.outcome, row.attempt) for row in rows) == {("success", 1): len(ids)}
    assert [row.result and row.result.stdout for row in rows] == [
        f"{number}\n" for number in range(len(ids))
    ]
    wait_until(lambda: not before & names(deployment), within=120, every=1)
    assert before & {row.place for row in rows}


def test_no_container_started_twice(deployment: Deployment) -> None:
    statuses = [pod.status for pod in deployment.hosts() if pod.status]
    containers = [
        container
        for status in statuses
        for container in (
            *(status.container_statuses or ()),
            *(status.init_container_statuses or ()),
        )
    ]
    assert {container.restart_count for container in containers} == {0}


def test_the_namespace_admits_nothing_from_outside(deployment: Deployment) -> None:  # noqa: ARG001  # it has to run before the test
    policies = client.NetworkingV1Api(api_client()).list_namespaced_network_policy(HOSTS).items
    specs = {policy.metadata.name: policy.spec for policy in policies if policy.metadata}
    assert specs["stores-only"] is not None
    assert specs["stores-only"].ingress is None
    assert specs["stores-only"].policy_types == ["Ingress", "Egress"]
