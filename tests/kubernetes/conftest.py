"""The cluster on which tests run pods."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kubernetes import client

from app.infrastructure.kubernetes.runtime import KubernetesRuntime
from tests.kubernetes.attempts import Attempts
from tests.support.kubernetes.cluster import a_runtime
from tests.support.kubernetes.namespace import api_client


@pytest.fixture
def cluster(namespace: str) -> Iterator[KubernetesRuntime]:
    """What a test leaves there is deleted."""
    runtime = a_runtime(namespace)
    yield runtime
    for name in runtime.list_pods():
        runtime.delete(name)


@pytest.fixture
def attempts(cluster: KubernetesRuntime) -> Attempts:
    return Attempts(cluster)


@pytest.fixture
def core() -> client.CoreV1Api:
    return client.CoreV1Api(api_client())
