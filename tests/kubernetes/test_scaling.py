"""Workers of a Deployment come and go during a burst, and nothing is lost."""

from __future__ import annotations

import json
import urllib.request
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import pytest
from kubernetes import client
from prometheus_client.parser import text_string_to_metric_families

from podline import Client, Execution
from tests.kubernetes.deployment import SERVICE, Deployment, deployed
from tests.support.kubernetes.namespace import api_client
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.kubernetes, pytest.mark.soak, pytest.mark.timeout(1800)]

BURST = 500
SCALED = ("coordinator", "saga-orchestrator", "pod-creator", "pod-monitor", "result-processor")
UP_AT, DOWN_AT = 450, 250
"""What is left of the burst when the workers are scaled."""
SLOTS = 16
"""So many may be counted twice, as they change their states while these are counted."""
SECONDS_OF_A_BURST = 1000
SECONDS_TO_SCALE = 120


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployed(tmp_path_factory.mktemp("deployment"), max_running=SLOTS) as deployment:
        yield deployment


def scale(replicas: int) -> None:
    apps = client.AppsV1Api(api_client())
    for name in SCALED:
        body = {"spec": {"replicas": replicas}}
        apps.patch_namespaced_deployment_scale(name, SERVICE, body)


def ready(deployment: Deployment, role: str) -> int:
    statuses = [status for pod in deployment.pods(role) if (status := pod.status)]
    return sum(all(c.ready for c in status.container_statuses or ()) for status in statuses)


def demand(api: Client) -> float:
    with urllib.request.urlopen(f"{api.url}/metrics", timeout=10) as response:
        text = response.read().decode()
    (value,) = (
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "podline_work_demand"
    )
    return float(value)


def test_from_one_to_three_and_back_during_a_burst(deployment: Deployment) -> None:
    with deployment.api() as api:
        assert demand(api) == 0
        programs = [{"language": "python", "source": f"print({number})"} for number in range(BURST)]
        accepted = [each for each in api.submit_documents(programs) if isinstance(each, Execution)]
        ids = [execution.id for execution in accepted]
        assert len(ids) == BURST
        wait_until(lambda: demand(api) > BURST * 0.9)  # it is cached for a second
        seen: list[float] = []

        def falls_to(left: int) -> bool:
            seen.append(demand(api))
            return seen[-1] <= left

        wait_until(lambda: falls_to(UP_AT), within=SECONDS_OF_A_BURST, every=1)
        scale(3)
        wait_until(
            lambda: all(ready(deployment, role) == 3 for role in SCALED), within=SECONDS_TO_SCALE
        )
        wait_until(lambda: falls_to(DOWN_AT), within=SECONDS_OF_A_BURST, every=1)
        scale(1)
        wait_until(lambda: falls_to(0), within=SECONDS_OF_A_BURST, every=1)

        assert all(now <= before + SLOTS for before, now in pairwise(seen)), seen
        rows = [api.get(id) for id in ids]
        ends = Counter((row.state, row.outcome, row.attempt) for row in rows)
        assert ends == {("completed", "success", 1): BURST}, json.dumps(list(map(str, ends)))
        printed = [row.result.stdout if row.result else None for row in rows]
        assert printed == [f"{number}\n" for number in range(BURST)]
        wait_until(lambda: not deployment.sandboxes())
