"""Faults of a cluster lead to the right verdict or retry, and leave nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from kubernetes import client

from app.domain.errors import RuntimeUnavailable
from app.domain.execution import Outcome, State
from app.domain.policy import DEFAULT_LIMITS
from app.domain.report import Phase
from app.infrastructure.kubernetes.connection import Connection
from app.infrastructure.kubernetes.manifest import config_maps
from app.infrastructure.kubernetes.runtime import KubernetesRuntime
from app.service.monitor import poll
from app.service.pods import create_pod
from app.service.results import persist
from app.service.saga import compensate
from app.service.sweep import remove_orphans
from tests.kubernetes import parts
from tests.kubernetes.attempts import Attempts
from tests.support.builders import NOW
from tests.support.kubernetes.cluster import a_runtime, offers
from tests.support.kubernetes.namespace import a_namespace
from tests.support.sandbox_daemon import a_pod, language
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(300)]

RUNS_ON = "import time; print('begun', flush=True); time.sleep(50)"
LIMITS = replace(DEFAULT_LIMITS, wall_seconds=60)
UNDER_WAY = (Phase.WAITING, Phase.RUNNING, Phase.ENDED)


def program_for(phase: Phase) -> str:
    return "print(1)" if phase is Phase.ENDED else RUNS_ON


@pytest.mark.parametrize("phase", UNDER_WAY)
def test_a_pod_deleted_by_hand_costs_an_attempt(
    attempts: Attempts, core: client.CoreV1Api, namespace: str, phase: Phase
) -> None:
    execution = attempts.create(program_for(phase), limits=LIMITS)
    attempts.wait_for(execution, phase)
    if phase is Phase.RUNNING:
        attempts.poll_until(execution, State.RUNNING)

    core.delete_namespaced_pod(execution.pod, namespace, grace_period_seconds=0)
    attempts.pass_start_deadline()
    row = attempts.poll_until(execution, State.QUEUED)

    assert row.outcome is None
    assert row.message
    attempts.assert_nothing_left()


@pytest.mark.parametrize("phase", UNDER_WAY)
def test_cancelled_at_any_time_nothing_is_left(attempts: Attempts, phase: Phase) -> None:
    execution = attempts.create(program_for(phase), limits=LIMITS)
    attempts.wait_for(execution, phase)

    assert attempts.twins.store.executions.apply(attempts.row(execution.id).cancel(NOW, NOW))
    compensate(attempts.ports, execution.id)

    assert attempts.runtime.observe(execution.pod) is None
    attempts.assert_nothing_left()


def test_the_creator_was_killed_between_config_map_and_pod(
    attempts: Attempts, namespace: str
) -> None:
    execution = attempts.start("print(1)")
    make_input_alone(attempts.runtime, namespace, execution.pod)

    assert attempts.runtime.list_pods() == [execution.pod]
    assert not poll(attempts.ports, execution.id)
    assert create_pod(attempts.ports, execution.id)
    row = attempts.completed(execution)

    assert (row.state, row.outcome, row.attempt) == (State.COMPLETED, Outcome.SUCCESS, 1)
    attempts.assert_nothing_left()


def test_an_empty_database_beside_a_full_cluster(attempts: Attempts, namespace: str) -> None:
    """Inputs without a pod, and pods, are found and removed."""
    python = language(attempts.runtime, "python")
    make_input_alone(attempts.runtime, namespace, "01j00000000000000000000007-1")
    attempts.runtime.create(a_pod(python, RUNS_ON, name="01j00000000000000000000008-1"))
    assert len(attempts.runtime.list_pods()) == 2

    remove_orphans(attempts.ports)

    assert attempts.runtime.list_pods() == []


def test_the_result_processor_was_killed_before_it_deleted_the_pod(attempts: Attempts) -> None:
    execution = attempts.create("print(1)")
    row = attempts.poll_until(execution, State.FINISHED)
    assert attempts.twins.store.executions.apply(row.complete(NOW, NOW))

    persist(attempts.ports, execution.id)

    assert attempts.runtime.list_pods() == [execution.pod]
    compensate(attempts.ports, execution.id)
    attempts.assert_nothing_left()


def test_an_image_that_is_not_there_is_the_reason(namespace: str) -> None:
    attempts = Attempts(a_runtime(namespace, "python=podline/nobody-made-this:3.11"))
    execution = attempts.create("print(1)")
    wait_until(lambda: message(attempts, execution.pod), within=90)

    attempts.pass_start_deadline()
    row = attempts.poll_until(execution, State.QUEUED)

    assert row.message
    assert row.message.startswith("ErrImageNeverPull: ")
    assert "nobody-made-this" in row.message
    attempts.assert_nothing_left()


def test_a_pod_that_no_node_has_room_for_says_so(namespace: str) -> None:
    attempts = Attempts(a_runtime(namespace, cpu_request=900, cpu_limit=900))
    execution = attempts.create("print(1)")
    wait_until(lambda: message(attempts, execution.pod), within=90)

    attempts.pass_start_deadline()
    row = attempts.poll_until(execution, State.QUEUED)

    assert row.message
    assert row.message.startswith("Unschedulable: ")
    attempts.assert_nothing_left()


@pytest.fixture
def full_namespace() -> Iterator[str]:
    with a_namespace(pods="0") as name:
        yield name


def test_a_quota_that_is_used_up_holds_a_pod_up(
    core: client.CoreV1Api, full_namespace: str
) -> None:
    attempts = Attempts(a_runtime(full_namespace))
    waits = attempts.create("print(1)")
    assert "exceeded quota: sandboxes" in message(attempts, waits.pod)

    attempts.pass_start_deadline()
    row = attempts.poll_until(waits, State.QUEUED)
    assert row.message
    assert "exceeded quota: sandboxes" in row.message

    goes_on = attempts.create("print(2)")
    core.delete_namespaced_resource_quota("sandboxes", full_namespace)
    assert create_pod(attempts.ports, goes_on.id)
    assert attempts.completed(goes_on).outcome is Outcome.SUCCESS
    attempts.assert_nothing_left()


def test_what_is_not_ours_is_left_alone(
    attempts: Attempts, core: client.CoreV1Api, namespace: str
) -> None:
    execution = attempts.start("print(1)")
    theirs = client.V1ConfigMap(metadata=client.V1ObjectMeta(name=execution.pod))
    core.create_namespaced_config_map(namespace, theirs)

    assert create_pod(attempts.ports, execution.id)
    row = attempts.poll_until(execution, State.QUEUED)

    assert row.message
    assert "is not Podline's" in row.message
    attempts.assert_nothing_left()
    core.delete_namespaced_config_map(execution.pod, namespace)


@pytest.mark.parametrize(
    ("program", "outcome"),
    [
        ("x = bytearray(500_000_000)", Outcome.MEMORY_LIMIT),
        (
            "import subprocess, sys\n"
            "code = subprocess.call([sys.executable, '-c', 'bytearray(500_000_000)'])\n"
            "sys.exit(5)",
            Outcome.MEMORY_LIMIT,
        ),
        (
            "import subprocess, sys\n"
            "code = subprocess.call([sys.executable, '-c', 'bytearray(500_000_000)'])\n"
            "print('over it')",
            Outcome.SUCCESS,
        ),
    ],
    ids=["main", "child", "child, and it gets over that"],
)
def test_out_of_memory(attempts: Attempts, program: str, outcome: Outcome) -> None:
    execution = attempts.create(program, limits=replace(DEFAULT_LIMITS, memory_mib=64))

    assert attempts.completed(execution).outcome is outcome
    attempts.assert_nothing_left()


@pytest.mark.disturbs
def test_an_api_server_that_hangs_costs_time_alone(attempts: Attempts) -> None:
    """Calls and a watch raise RuntimeUnavailable, and everything continues afterwards."""
    execution = attempts.create("print(1)")
    changes = attempts.runtime.watch(lambda: False)
    with parts.stopped("kube-apiserver"):
        with pytest.raises(RuntimeUnavailable):
            poll(attempts.ports, execution.id)
        with pytest.raises(RuntimeUnavailable):
            for _ in changes:
                pass

    row = attempts.completed(execution)

    assert (row.outcome, row.attempt) == (Outcome.SUCCESS, 1)
    attempts.assert_nothing_left()


def message(attempts: Attempts, pod: str) -> str:
    observation = attempts.runtime.observe(pod)
    return observation.message or "" if observation else ""


def make_input_alone(runtime: KubernetesRuntime, namespace: str, name: str) -> None:
    pod = a_pod(language(runtime, "python"), "print(1)", name=name)
    (input_alone,) = config_maps(pod, offers().of(pod))
    Connection(namespace).post("/configmaps", input_alone, expects=())
