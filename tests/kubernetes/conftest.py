"""The cluster on which tests run pods."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

import pytest
from kubernetes import client

from app.domain.policy import Policy
from app.infrastructure.kubernetes.ahead import DEFAULT_POLICY
from app.infrastructure.kubernetes.runtime import KubernetesRuntime
from tests.kubernetes.attempts import Attempts
from tests.support.kubernetes.cluster import RuntimeAhead, a_runtime
from tests.support.kubernetes.namespace import api_client


def new_and_ahead(
    sizes: Mapping[str, int], policy: Policy = DEFAULT_POLICY
) -> pytest.MarkDecorator:
    """For tests of pods however they are started. The pools have these sizes."""
    ahead = partial(RuntimeAhead, sizes=sizes, policy=policy)
    makers = [pytest.param(a_runtime, id="new"), pytest.param(ahead, id="started ahead")]
    return pytest.mark.parametrize("cluster", makers, indirect=True)


@pytest.fixture
def cluster(namespace: str, request: pytest.FixtureRequest) -> Iterator[KubernetesRuntime]:
    """What a test leaves there is deleted."""
    make: Callable[[str], KubernetesRuntime] = getattr(request, "param", a_runtime)
    runtime = make(namespace)
    yield runtime
    for name in runtime.list_pods():
        runtime.delete(name)


@pytest.fixture
def attempts(cluster: KubernetesRuntime) -> Attempts:
    return Attempts(cluster)


@pytest.fixture
def core() -> client.CoreV1Api:
    return client.CoreV1Api(api_client())
