"""The cluster that tests run pods on."""

from collections.abc import Iterator

import pytest

from app.infrastructure.kubernetes.runtime import KubernetesRuntime
from tests.kubernetes.cluster import a_runtime


@pytest.fixture
def cluster(namespace: str) -> Iterator[KubernetesRuntime]:
    """What a test leaves there is deleted."""
    runtime = a_runtime(namespace)
    yield runtime
    for name in runtime.list_pods():
        runtime.delete(name)
