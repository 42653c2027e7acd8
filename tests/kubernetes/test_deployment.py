"""compose/kubernetes on a cluster: every role becomes ready, and a program runs in a pod."""

from collections.abc import Iterator

import pytest
from kubernetes import client

from tests.kubernetes.deployment import ROLES, SANDBOXES, SERVICE, Deployment, deployed
from tests.support.kubernetes.namespace import RESTRICTED, api_client
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployed(tmp_path_factory.mktemp("deployment")) as deployment:
        yield deployment


def test_a_program_runs_in_a_pod_that_is_gone_afterwards(deployment: Deployment) -> None:
    with deployment.api() as api:
        execution = api.run("print(input().upper())", language="python", stdin="in a pod\n")
        assert execution.result is not None
        assert (execution.state, execution.result.stdout) == ("completed", "IN A POD\n")
        wait_until(lambda: not deployment.sandboxes())


def test_every_role_is_a_pod_that_never_had_to_start_again(deployment: Deployment) -> None:
    assert {role for role in ROLES if len(deployment.pods(role)) == 1} == ROLES
    assert set(deployment.restart_counts().values()) == {0}


@pytest.mark.parametrize("role", ["api", "beat", "flower", "mcp", "coordinator", "event-replay"])
def test_a_role_that_needs_no_cluster_has_no_token(deployment: Deployment, role: str) -> None:
    (pod,) = deployment.pods(role)
    assert pod.spec is not None
    assert pod.spec.automount_service_account_token is False


def test_what_runs_programs_is_cut_off_and_limited(deployment: Deployment) -> None:  # noqa: ARG001  # it has to run before the test
    network, core = client.NetworkingV1Api(api_client()), client.CoreV1Api(api_client())
    (policy,) = network.list_namespaced_network_policy(SANDBOXES).items
    assert policy.spec is not None
    assert (policy.spec.ingress, policy.spec.egress) == (None, None)
    assert policy.spec.policy_types == ["Ingress", "Egress"]
    assert core.list_namespaced_resource_quota(SANDBOXES).items
    for name in (SERVICE, SANDBOXES):
        metadata = core.read_namespace(name).metadata
        assert metadata is not None
        assert RESTRICTED.items() <= (metadata.labels or {}).items()
