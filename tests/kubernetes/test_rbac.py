"""Each role can do its work with its rights in compose/kubernetes, and nothing else."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from app.domain.errors import RuntimeUnavailable
from app.domain.execution import Execution, State
from app.domain.pod import Pod
from app.domain.submission import File
from app.infrastructure.kubernetes.ahead import UNCLAIMED, AheadOptions
from app.infrastructure.kubernetes.connection import Connection
from app.infrastructure.kubernetes.manifest import COLLECTOR, FOLLOWS, PODS
from app.infrastructure.kubernetes.objects import Objects
from app.infrastructure.kubernetes.pools import Pools
from app.infrastructure.kubernetes.runtime import KubernetesRuntime
from app.ports import Ports
from app.service.monitor import feed_live_output, poll
from app.service.pods import create_pod
from app.service.results import persist
from app.service.saga import compensate, start_attempt
from app.service.sweep import remove_orphans
from tests.kubernetes.accounts import (
    Right,
    an_account_without,
    an_account_without_rights,
    install,
    kubeconfig_of,
    rights,
)
from tests.support.builders import NOW, a_submission, accepted
from tests.support.kubernetes.cluster import a_runtime, offers, pod_options
from tests.support.kubernetes.namespace import a_namespace
from tests.support.sandbox_daemon import a_pod, language
from tests.support.twins import Twins, make_twins
from tests.support.waiting import wait_until

pytestmark = pytest.mark.kubernetes

SUBMISSION = a_submission(files=(File("main.py", b"print(1)\n"),))


@pytest.fixture(scope="module")
def namespace() -> Iterator[str]:
    with a_namespace() as name:
        install(name)
        yield name


class Roles:
    """The roles share the stores, and each has its own rights on the cluster."""

    def __init__(self, namespace: str, folder: Path) -> None:
        self.twins: Twins = make_twins()
        self._namespace = namespace
        self._folder = folder

    def runtime(self, account: str) -> KubernetesRuntime:
        kubeconfig = kubeconfig_of(account, self._namespace, self._folder)
        return a_runtime(self._namespace, kubeconfig=kubeconfig)

    def connection(self, account: str) -> Connection:
        return Connection(self._namespace, kubeconfig_of(account, self._namespace, self._folder))

    def ports(self, account: str) -> Ports:
        return replace(self.twins.ports, runtime=self.runtime(account))

    def started(self) -> Execution:
        """An execution whose attempt has begun."""
        execution, submission, event = accepted(SUBMISSION)
        self.twins.store.executions.insert(execution, submission, event)
        self.twins.store.executions.apply(execution.admit(NOW, NOW))
        assert start_attempt(self.twins.ports, execution.id)
        return self.row(execution.id)

    def row(self, execution_id: str) -> Execution:
        row = self.twins.store.executions.get(execution_id)
        assert row
        return row


@pytest.fixture
def roles(namespace: str, tmp_path: Path) -> Roles:
    return Roles(namespace, tmp_path)


def test_an_execution_from_its_pod_to_its_result(roles: Roles) -> None:
    creator, monitor = roles.ports("pod-creator"), roles.ports("pod-monitor")
    processor = roles.ports("result-processor")
    execution = roles.started()
    roles.twins.ports.live.watch(execution.id)
    changes = monitor.runtime.watch(lambda: False)

    assert create_pod(creator, execution.id)
    assert create_pod(creator, execution.id), "again, for it is there already"
    assert monitor.runtime.list_pods() == [execution.pod]
    for name in changes:
        assert name == execution.pod
        if poll(monitor, execution.id):
            break
    feed_live_output(monitor)
    persist(processor, execution.id)

    row = roles.row(execution.id)
    assert row.state is State.COMPLETED
    assert row.result_id
    result = roles.twins.store.results.get(row.result_id)
    assert result
    assert result.output.run
    assert result.output.run.stdout == b"1\n"
    assert creator.runtime.observe(execution.pod) is None


def test_a_cancelled_execution_is_cleared_away(roles: Roles) -> None:
    saga = roles.ports("saga")
    execution = roles.started()
    assert create_pod(roles.ports("pod-creator"), execution.id)
    assert roles.twins.store.executions.apply(execution.cancel(NOW, NOW))

    compensate(saga, execution.id)

    assert saga.runtime.observe(execution.pod) is None
    assert saga.runtime.list_pods() == []


def test_orphans_are_removed(roles: Roles) -> None:
    creator, saga = roles.runtime("pod-creator"), roles.ports("saga")
    creator.create(a_pod(language(creator, "python"), b"", name="01j00000000000000000000009-1"))

    remove_orphans(saga)

    wait_until(lambda: saga.runtime.list_pods() == [])


def test_the_creator_and_the_monitor_delete_what_is_nobodys(roles: Roles) -> None:
    creator, monitor = roles.runtime("pod-creator"), roles.runtime("pod-monitor")
    for role in (creator, monitor):
        pod = a_pod(language(creator, "python"))
        creator.create(pod)
        role.delete(pod.name)
        assert creator.observe(pod.name) is None


def test_what_a_role_does_not_do_it_can_not_do(roles: Roles) -> None:
    creator = roles.runtime("pod-creator")
    saga, processor = roles.runtime("saga"), roles.runtime("result-processor")
    pod = a_pod(language(creator, "python"))

    for role in (saga, processor):
        with pytest.raises(RuntimeUnavailable, match="403"):
            role.create(pod)
    with pytest.raises(RuntimeUnavailable, match="403"):
        saga.output(pod.name)
    for account in ("saga", "pod-monitor", "result-processor"):
        with pytest.raises(RuntimeUnavailable, match="403"):
            roles.connection(account).attach(pod.name, COLLECTOR)
    for role in (saga, processor):
        with pytest.raises(RuntimeUnavailable, match="403"):
            list(role.watch(lambda: False))


def test_the_api_needs_no_rights(namespace: str, roles: Roles) -> None:
    api = roles.runtime(an_account_without_rights(namespace))

    assert language(api, "python").version == "3.11"
    assert api.limits_held()
    api.ping()
    with pytest.raises(RuntimeUnavailable, match="403"):
        api.list_pods()


def creates_and_claims(creator: KubernetesRuntime, pod: Pod, api: Connection) -> str:
    creator.started_ahead(pod)
    list(api.watch(PODS, seconds=1, labelSelector=UNCLAIMED))
    said = creates(creator, pod)
    there = replace(pod, name=f"{pod.name}-2")
    creator.create(there)
    try:
        api.patch(f"{PODS}/{there.name}", {"metadata": {"labels": {FOLLOWS: pod.name}}}, expects=())
        Objects(api).log(there.name, bool)
        api.attach(there.name, COLLECTOR)
    except RuntimeUnavailable as error:
        said += str(error)  # nobody can attach to a pod without a node
    finally:
        creator.delete(pod.name)
    return said


def creates(creator: KubernetesRuntime, pod: Pod) -> str:
    """Create it twice, and clean up. Returns what kept the pod from starting."""
    creator.create(pod)
    creator.create(pod)
    observation = creator.observe(pod.name)
    creator.delete(pod.name)
    return observation.message or "" if observation else ""


def monitors(monitor: KubernetesRuntime, pod: Pod, _api: Connection) -> str:
    monitor.list_pods()
    looks = iter([False])
    list(monitor.watch(lambda: next(looks, True)))
    monitor.observe(pod.name)
    monitor.follow(pod.name, 0)
    said = creates(monitor, replace(pod, name=f"{pod.name}-c"))
    monitor.delete(pod.name)
    return said


def processes_results(processor: KubernetesRuntime, pod: Pod, _api: Connection) -> str:
    processor.observe(pod.name)
    processor.output(pod.name)
    processor.delete(pod.name)
    processor.observe(pod.name)
    return ""


def clears_away(saga: KubernetesRuntime, pod: Pod, api: Connection) -> str:
    saga.list_pods()
    saga.delete(pod.name)
    saga.tend()
    Pools(api, (), pod_options(), AheadOptions()).tend()
    return ""


WORK: Mapping[str, Callable[[KubernetesRuntime, Pod, Connection], str]] = {
    "pod-creator": creates_and_claims,
    "pod-monitor": monitors,
    "result-processor": processes_results,
    "saga": clears_away,
}
"""All that the steps of each role ask of a runtime."""


def without_room(namespace: str, kubeconfig: Path | None = None) -> KubernetesRuntime:
    """A runtime whose pods no node accepts, so that they cost little."""
    options = pod_options(cpu_request=900, cpu_limit=900)
    ahead = AheadOptions(sizes={"python": 1})
    return KubernetesRuntime(namespace, offers(), options, kubeconfig, ahead)


def refusal(
    namespace: str, folder: Path, role: str, account: str, log: pytest.LogCaptureFixture
) -> str:
    """What the API server answers when that account does the role's work.

    If nothing can be started ahead, only the log says so. Some errors quote what was answered.
    """
    log.clear()
    operator = without_room(namespace)
    pod = a_pod(language(operator, "python"))
    if role != "pod-creator":
        operator.create(pod)
    kubeconfig = kubeconfig_of(account, namespace, folder)
    limited = without_room(namespace, kubeconfig)
    try:
        said = WORK[role](limited, pod, Connection(namespace, kubeconfig)) + log.text
    except RuntimeUnavailable as error:
        said = str(error)
    finally:
        operator.delete(pod.name)
        Pools(Connection(namespace), (), pod_options(), AheadOptions()).tend()
    return said.replace("\\", "")


@pytest.mark.parametrize("role", WORK)
def test_with_all_its_rights_a_role_does_all_of_its_work(
    namespace: str, tmp_path: Path, role: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert "cannot" not in refusal(namespace, tmp_path, role, role, caplog)


NEWER: Final = Right("pod-creator", "pods/attach", "create")
"""Kubernetes 1.35 asks for this one, too."""


@pytest.mark.parametrize("taken", [right for right in rights() if right != NEWER], ids=str)
def test_without_any_one_of_them_it_does_not(
    namespace: str, tmp_path: Path, taken: Right, caplog: pytest.LogCaptureFixture
) -> None:
    account = an_account_without(taken, namespace)

    def is_missed() -> bool:
        """And no other one, which the API server does not know yet."""
        said = refusal(namespace, tmp_path, taken.role, account, caplog)
        return f'cannot {taken.verb} resource "{taken.resource}"' in said

    wait_until(is_missed, or_fail=lambda: f"nothing needs {taken}")
