"""A container that the kernel killed for the memory of one run leaves the others right.

The cluster has version 1 of cgroups, where the kernel kills the one process. The kubelet then still
says OOMKilled of the container, so that killing all of it looks as with version 2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import pytest
from kubernetes import client

from app.domain.pod import Pod
from app.domain.policy import DEFAULT_LIMITS, Policy
from app.domain.report import Limit, Observation, Output, Phase
from app.infrastructure.kubernetes import inside
from app.infrastructure.kubernetes.manifest import COLLECTOR
from app.infrastructure.kubernetes.observation import attempt_of
from app.infrastructure.kubernetes.runtime import KubernetesRuntime
from tests.kubernetes.conftest import new_and_ahead
from tests.kubernetes.parts import processes_of
from tests.support.sandbox_daemon import a_pod, a_run, language
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(300)]

SECONDS: Final = 60
SOURCE = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(void) {
    char word[16] = "";
    scanf("%15s", word);
    printf("%s\n", word);
    fflush(stdout);
    while (!strcmp(word, "memory")) memset(malloc(1 << 20), 1, 1 << 20);
    while (!strcmp(word, "stay")) pause();
    return 0;
}
"""
LIMITS = replace(DEFAULT_LIMITS, wall_seconds=SECONDS)
"""With the compiler's memory, so that the kernel enforces the limit and not init."""
COMPILE_LIMITS = replace(LIMITS, disk_mib=64)
POLICY = Policy(default_limits=LIMITS, default_compile_limits=COMPILE_LIMITS)
"""Of the pods that are started ahead, so that this holds in them, too."""


def a_pod_of(runtime: KubernetesRuntime, words: Sequence[str]) -> Pod:
    runs = tuple(a_run(stdin=word.encode(), limits=LIMITS) for word in words)
    return a_pod(language(runtime, "c"), SOURCE, runs=runs, compile_limits=COMPILE_LIMITS)


def seen(runtime: KubernetesRuntime, pod: str) -> Observation:
    observation = runtime.observe(pod)
    assert observation
    assert observation.phase is not Phase.FAULTED, observation.message
    return observation


class Cluster:
    """What an administrator sees of it."""

    def __init__(self, core: client.CoreV1Api, namespace: str) -> None:
        self.core = core
        self.namespace = namespace

    def wait_for_output(self, runtime: KubernetesRuntime, pod: str, number: int) -> None:
        """Wait until that run of the pod has printed something."""

        def has_printed() -> bool:
            return bool(seen(runtime, pod)) and any(
                f'"stage": {number}, "of"' in self._log(name) for name in self.pods_of(pod)
            )

        wait_until(has_printed, within=SECONDS)

    def kill_main_in_run(self, runtime: KubernetesRuntime, pod: str, number: int) -> None:
        """Wait until that run has printed something, and kill init."""
        self.wait_for_output(runtime, pod, number)
        for name in self.pods_of(pod):
            uid = self._metadata(name).uid
            assert uid
            for process in processes_of(uid, [f"{inside.CHANNEL}/init", inside.CHANNEL]):
                process.kill()

    def _metadata(self, pod: str) -> client.V1ObjectMeta:
        found = self.core.read_namespaced_pod(pod, self.namespace).metadata
        assert found
        return found

    def _log(self, pod: str) -> str:
        try:
            return str(self.core.read_namespaced_pod_log(pod, self.namespace, container=COLLECTOR))
        except client.ApiException:
            return ""  # it has not started

    def pods_of(self, pod: str) -> list[str]:
        """The names of the attempt's pods, the first one first, and of its checker's."""
        items = self.core.list_namespaced_pod(self.namespace).items
        every = [each.metadata.to_dict() for each in items if each.metadata]
        attempts = {str(each["name"]): attempt_of(_with_labels(each)) for each in every}
        found = [name for name, of in attempts.items() if of == pod or of.startswith(f"{pod}-")]
        return sorted(found, key=lambda name: (name.startswith(f"{pod}-"), name))


def _with_labels(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**metadata, "labels": metadata["labels"] or {}}


@pytest.fixture
def administrator(core: client.CoreV1Api, namespace: str) -> Cluster:
    return Cluster(core, namespace)


def end(runtime: KubernetesRuntime, pod: Pod) -> tuple[Observation, Output]:
    wait_until(lambda: seen(runtime, pod.name).phase is Phase.ENDED, within=SECONDS)
    output = runtime.output(pod.name)
    assert output
    return seen(runtime, pod.name), output


@new_and_ahead({"c": 1}, POLICY)
def test_the_runs_that_are_left_go_on_in_other_pods(
    administrator: Cluster, cluster: KubernetesRuntime
) -> None:
    pod = a_pod_of(cluster, ["a", "memory", "stay", "d", "memory", "stay", "g"])
    cluster.create(pod)
    administrator.kill_main_in_run(cluster, pod.name, 3)
    administrator.kill_main_in_run(cluster, pod.name, 6)

    observation, output = end(cluster, pod)

    assert observation.report
    memory = Limit.MEMORY
    ends = [None, memory, memory, None, memory, memory, None]
    assert [run and run.stopped_by for run in observation.report.runs] == ends
    printed = [run and run.stdout for run in output.runs]
    assert printed == [b"a\n", b"memory\n", b"stay\n", b"d\n", b"memory\n", b"stay\n", b"g\n"]
    assert output.compile
    assert observation.report.compile
    rest = cluster.output(pod.name, 5)
    assert rest
    assert [run and run.stdout for run in rest.runs] == [b"stay\n", b"g\n"]
    _, *others = administrator.pods_of(pod.name)
    assert others == [f"{pod.name}-1", f"{pod.name}-2"]
    assert cluster.list_pods() == [pod.name]

    cluster.delete(pod.name)

    assert administrator.pods_of(pod.name) == []
    assert cluster.observe(pod.name) is None


def test_a_watch_names_the_attempt(administrator: Cluster, cluster: KubernetesRuntime) -> None:
    pod = a_pod_of(cluster, ["memory", "stay", "c"])
    changes = cluster.watch(lambda: False)
    cluster.create(pod)
    administrator.kill_main_in_run(cluster, pod.name, 2)

    for name in changes:
        assert name == pod.name
        if seen(cluster, pod.name).phase is Phase.ENDED:
            break

    observation, _ = end(cluster, pod)
    assert observation.report
    assert len(observation.report.runs) == 3


def test_what_continues_a_pod_that_is_gone_is_found_by_its_name(
    administrator: Cluster, cluster: KubernetesRuntime
) -> None:
    """As after a kill between two requests of a removal."""
    pod = a_pod_of(cluster, ["memory", "stay", "stay"])
    cluster.create(pod)
    administrator.kill_main_in_run(cluster, pod.name, 2)
    follow_up = f"{pod.name}-1"
    wait_until(
        lambda: bool(seen(cluster, pod.name)) and follow_up in administrator.pods_of(pod.name),
        within=SECONDS,
    )
    administrator.core.patch_namespaced_pod(
        follow_up, administrator.namespace, {"metadata": {"ownerReferences": None}}
    )
    administrator.core.delete_namespaced_pod(
        pod.name, administrator.namespace, grace_period_seconds=0
    )
    wait_until(lambda: administrator.pods_of(pod.name) == [f"{pod.name}-1"], within=SECONDS)

    assert cluster.list_pods() == [pod.name]
    cluster.delete(pod.name)
    assert administrator.pods_of(pod.name) == []
