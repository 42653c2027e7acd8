"""Files that hostile programs leave in a pod on a real kubelet."""

from collections.abc import Iterator

import pytest

from app.domain.policy import DEFAULT_LIMITS
from app.domain.submission import Limits
from app.infrastructure.kubernetes.limits import MAX_ARTIFACT_BYTES
from app.infrastructure.kubernetes.runtime import KubernetesRuntime
from tests.hostile.artifacts import ALL, FilesInLimitedMemory, Keep, Kept, kept_by
from tests.pod.cluster_runs import pod_for
from tests.support.kubernetes.cluster import a_runtime
from tests.support.kubernetes.namespace import a_namespace
from tests.support.sandbox_daemon import wait_for_end

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def runtime() -> Iterator[KubernetesRuntime]:
    with a_namespace() as namespace:
        yield a_runtime(namespace)


class TestCluster(FilesInLimitedMemory):
    most = MAX_ARTIFACT_BYTES

    @pytest.fixture
    def keep(self, runtime: KubernetesRuntime) -> Keep:
        def keep(source: str, limits: Limits = DEFAULT_LIMITS) -> Kept:
            pod = pod_for(runtime, source, "python", artifacts=ALL, limits=limits)
            try:
                return kept_by(runtime, wait_for_end(runtime, pod))
            finally:
                runtime.delete(pod.name)

        return keep
