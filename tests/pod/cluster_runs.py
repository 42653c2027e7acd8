"""Runs programs as pods of a cluster, several at once."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Final

from app.domain.pod import Pod
from app.domain.report import Phase
from app.infrastructure.kubernetes.runtime import KubernetesRuntime
from tests.pod.local_pod import a_pod
from tests.support.builders import an_id
from tests.support.ran import Ran
from tests.support.waiting import wait_until

AT_ONCE: Final = 6
SECONDS_TO_END: Final = 100


def pod_for(runtime: KubernetesRuntime, source: str | bytes, language: str, **facts: Any) -> Pod:
    (offer,) = (offer for offer in runtime.languages() if offer.name == language)
    pod = a_pod(source, language, **facts)
    return replace(pod, name=f"{an_id().lower()}-1", language_version=offer.version)


def run(runtime: KubernetesRuntime, pod: Pod) -> Ran:
    """Run it to its end, and delete it from the cluster."""
    runtime.create(pod)
    try:
        wait_until(lambda: _ended(runtime, pod.name), within=SECONDS_TO_END)
        observation = runtime.observe(pod.name)
        assert observation
        return Ran(observation=observation, output=runtime.output(pod.name))
    finally:
        runtime.delete(pod.name)


def run_all(runtime: KubernetesRuntime, pods: Iterable[Pod]) -> list[Ran]:
    """Returns the results in the order of the pods."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda pod: run(runtime, pod), pods))


def _ended(runtime: KubernetesRuntime, name: str) -> bool:
    observation = runtime.observe(name, wait_seconds=1)
    return observation is not None and observation.phase in (Phase.ENDED, Phase.FAULTED)
