"""If a node or operator ends a pod, the attempt reports why and the next one succeeds."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from app.domain.execution import Execution, Outcome, State
from app.domain.report import Phase
from app.infrastructure.kubernetes.connection import Connection
from app.infrastructure.kubernetes.inside import COLLECTOR_COMMAND
from app.infrastructure.kubernetes.manifest import (
    COLLECTOR,
    MAIN,
    PodOptions,
    config_maps,
    pod_manifest,
)
from tests.kubernetes import parts
from tests.kubernetes.attempts import Attempts
from tests.support.kubernetes.cluster import offers
from tests.support.kubernetes.images import pod_image
from tests.support.kubernetes.namespace import uid_of_pod
from tests.support.sandbox_daemon import a_pod, language
from tests.support.told import told_to_end

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(300)]

MARK = secrets.token_hex()
MORE_THAN_A_POD_MAY_STORE = 20 * 1024 * 1024


def test_a_collector_that_is_killed(attempts: Attempts, namespace: str) -> None:
    """As the kernel does when memory is short: init has no time to report."""
    execution = attempts.until_told(MARK)
    (collector,) = parts.processes_of(uid_of_pod(execution.pod, namespace), COLLECTOR_COMMAND)
    collector.kill()

    assert_retried(attempts, execution, why="the collector ended with Error, code 137")


def test_evicted_by_an_operator(attempts: Attempts, core: client.CoreV1Api, namespace: str) -> None:
    """As `kubectl drain` does."""
    execution = attempts.until_told(MARK)
    eviction = client.V1Eviction(metadata=client.V1ObjectMeta(name=execution.pod))
    core.create_namespaced_pod_eviction(execution.pod, namespace, eviction)

    assert_retried(attempts, execution, why="EvictionByEvictionAPI: Eviction API: evicting")


def test_evicted_for_what_it_stores(
    attempts: Attempts, core: client.CoreV1Api, namespace: str
) -> None:
    """No program can write that much to a disk, so the test does, beside the pod's logs.

    A kubelet looks at what is stored every ten seconds, and at measures that are as old.
    """
    execution = attempts.until_told(MARK)
    pod = f"{namespace}_{execution.pod}_{uid_of_pod(execution.pod, namespace)}"
    logs = Path(folder_of_logs(core), pod, COLLECTOR)
    (logs / "more").write_bytes(bytes(MORE_THAN_A_POD_MAY_STORE))

    assert_retried(attempts, execution, why="Evicted: ")


def test_a_program_s_container_that_is_killed_before_it_is_init(
    attempts: Attempts, namespace: str
) -> None:
    """Its collector does not notice."""
    execution = started_with(["sleep", "50"], attempts, namespace)
    attempts.wait_for(execution, Phase.RUNNING)
    (main,) = parts.processes_of(uid_of_pod(execution.pod, namespace), ["sleep", "50"])
    main.kill()

    assert_retried(attempts, execution, why="the program's container was ended: Error, code 137")


@pytest.mark.parametrize(
    ("command", "why"),
    [(["tail", "/dev/zero"], "OOMKilled, code 137"), (["true"], "Completed, code 0")],
    ids=["out of memory", "ends"],
)
def test_a_program_s_container_that_never_is_init(
    attempts: Attempts, namespace: str, command: list[str], why: str
) -> None:
    execution = started_with(command, attempts, namespace)

    assert_retried(attempts, execution, why=f"the program's container was ended: {why}")


def started_with(command: list[str], attempts: Attempts, namespace: str) -> Execution:
    """A pod whose main container runs this instead of init."""
    execution = attempts.start("print(1)")
    pod = a_pod(language(attempts.runtime, "python"), name=execution.pod)
    offer = offers().of(pod)
    options = PodOptions(collector_image=pod_image().name, image_pull_policy="Never")
    manifest = pod_manifest(pod, offer, options)
    (main,) = (found for found in manifest["spec"]["containers"] if found["name"] == MAIN)
    main["command"] = command
    api = Connection(namespace)
    (input_alone,) = config_maps(pod, offer)
    api.post("/configmaps", input_alone, expects=())
    api.post("/pods", manifest, expects=())
    return execution


def folder_of_logs(core: client.CoreV1Api) -> str:
    """As the kubelet of the only node reports."""
    (node,) = core.list_node().items
    assert node.metadata
    assert node.metadata.name
    answer: Any = core.connect_get_node_proxy_with_path(
        node.metadata.name, "configz", _preload_content=False
    )
    folder: str = json.loads(answer.data)["kubeletconfig"]["podLogsDir"]
    return folder


def assert_retried(attempts: Attempts, execution: Execution, why: str) -> None:
    queued = attempts.poll_until(execution, State.QUEUED)
    assert queued.message
    assert queued.message.startswith(why)
    attempts.assert_nothing_left()

    with told_to_end(MARK):
        row = attempts.completed(attempts.create_next(execution))
    assert (row.state, row.outcome, row.attempt) == (State.COMPLETED, Outcome.SUCCESS, 2)
    attempts.assert_nothing_left()
