"""The API server dies with a whole service running, and comes back half a minute later."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes import client

from app.infrastructure.kubernetes.manifest import SELECTOR
from podline import Client, Execution, Outcome, State
from tests.kubernetes import parts
from tests.support.constants import in_processes
from tests.support.kubernetes.images import LANGUAGE_IMAGES, pod_image
from tests.support.kubernetes.namespace import api_client
from tests.support.roles import ONE_FOR_ALL, Roles
from tests.support.waiting import wait_until

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.kubernetes,
    pytest.mark.disturbs,
    pytest.mark.timeout(500),
]

AWAY_SECONDS = 30
SECONDS_TO_MEND = 180
SLOTS = 4
SECONDS_TO_RUN = (1, 12, 25, 45, 1, 12)
"""Ended before, while and after the server is unavailable, or still queued when it goes."""


@pytest.fixture
def service(tmp_path: Path, namespace: str) -> Iterator[Client]:
    settings = {
        "PODLINE_KUBERNETES__IMAGES": LANGUAGE_IMAGES,
        "PODLINE_KUBERNETES__POD_IMAGE": pod_image().name,
        "PODLINE_KUBERNETES__IMAGE_PULL_POLICY": "Never",
        "PODLINE_MAX_RUNNING": str(SLOTS),
        **in_processes(beat__sweep=2),
    }
    url = f"kubernetes://{namespace}"
    with (
        Roles(tmp_path, url, workers=ONE_FOR_ALL, settings=settings) as roles,
        roles.client() as client,
    ):
        yield client


def test_every_execution_gets_its_verdict(service: Client, namespace: str) -> None:
    submitted = {submit(service, seconds): f"{seconds}\n" for seconds in SECONDS_TO_RUN}
    longest = list(submitted)[SECONDS_TO_RUN.index(max(SECONDS_TO_RUN))]
    wait_until(lambda: service.get(longest).state is State.RUNNING, within=90)

    with parts.killed("kube-apiserver"):
        back_at = time.monotonic() + AWAY_SECONDS
        submitted[submit(service, 2)] = "2\n"
        # The outage itself is under test: it outlasts every time-out of a client.
        time.sleep(max(back_at - time.monotonic(), 0))
    ended = {id: service.wait(id, timeout=SECONDS_TO_MEND) for id in submitted}

    assert {id: stdout(execution) for id, execution in ended.items()} == submitted
    assert {e.state for e in ended.values()} == {State.COMPLETED}
    assert {e.outcome for e in ended.values()} == {Outcome.SUCCESS}
    wait_until(lambda: service.queue().slots.used == 0, within=SECONDS_TO_MEND)
    wait_until(lambda: objects_left(namespace) == [], within=SECONDS_TO_MEND)


def submit(service: Client, seconds: int) -> str:
    source = f"import time; time.sleep({seconds}); print({seconds})"
    return service.submit(source, language="python", limits={"wall_seconds": 60}).id


def stdout(execution: Execution) -> str | None:
    return execution.result.stdout if execution.result else execution.message


def objects_left(namespace: str) -> list[str | None]:
    core = client.CoreV1Api(api_client())
    pods = core.list_namespaced_pod(namespace, label_selector=SELECTOR).items
    inputs = core.list_namespaced_config_map(namespace, label_selector=SELECTOR).items
    found = [pod.metadata for pod in pods] + [input.metadata for input in inputs]
    return [metadata.name for metadata in found if metadata]
