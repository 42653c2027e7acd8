"""What the pipeline adds to the cost of a pod. Needs a cluster (KUBECONFIG) and Kafka (KAFKA)."""

import random
import threading
import time
from itertools import count
from typing import Any, Final

from kubernetes import client, watch

from app.domain.pod import Pod, Run
from app.domain.policy import DEFAULT_COMPILE_LIMITS, DEFAULT_LIMITS
from app.domain.submission import File
from app.infrastructure.kubernetes.manifest import PodOptions, config_maps, pod_manifest
from app.infrastructure.kubernetes.observation import ended
from benchmarks import cluster
from benchmarks.api import PRINT_1
from benchmarks.measure import in_turns, p50, p95, rates_in_turns, table, verdict
from benchmarks.service import WARM_UP
from tests.support.kubernetes.cluster import offers
from tests.support.kubernetes.images import pod_image
from tests.support.kubernetes.namespace import a_namespace, api_client
from tests.support.roles import ONE_FOR_EACH_QUEUE

TITLE: Final = "`print(1)`, each time in a new pod"
AT_ONCE: Final = 16
LATENCY_BAR: Final = 1.2
THROUGHPUT_BAR: Final = 0.8
_SECONDS_PER_WATCH: Final = 60


class BareClient:
    """Only creates the same ConfigMap and Pod and watches until its containers end."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        self._options = PodOptions(collector_image=pod_image().name, image_pull_policy="Never")
        self._of_thread = threading.local()
        self._numbers = count(1)
        self._ended: list[str] = []

    def run(self) -> None:
        """Run one pod and delete it."""
        self._delete(self._run())

    def run_until_ended(self) -> None:
        """Run one pod, and leave its deletion to `clean_up`."""
        self._ended.append(self._run())

    def clean_up(self) -> None:
        while self._ended:
            self._delete(self._ended.pop())

    def _run(self) -> str:
        pod = _pod(f"bare-{next(self._numbers)}")
        offer = offers().of(pod)
        stages: Any = config_maps(pod, offer)[0]
        manifest: Any = pod_manifest(pod, offer, self._options)
        self._core().create_namespaced_config_map(self.namespace, stages)
        self._core().create_namespaced_pod(self.namespace, manifest)
        events = watch.Watch().stream(
            self._core().list_namespaced_pod,
            self.namespace,
            field_selector=f"metadata.name={pod.name}",
            timeout_seconds=_SECONDS_PER_WATCH,
        )
        for event in events:
            if ended(event["raw_object"]):
                return pod.name
        raise AssertionError(f"{pod.name} did not end in {_SECONDS_PER_WATCH} s")

    def _delete(self, name: str) -> None:
        self._core().delete_namespaced_pod(name, self.namespace, grace_period_seconds=1)
        self._core().delete_namespaced_config_map(name, self.namespace)

    def _core(self) -> client.CoreV1Api:
        """Return the thread's own client."""
        if not hasattr(self._of_thread, "core"):
            self._of_thread.core = client.CoreV1Api(api_client())
        core: client.CoreV1Api = self._of_thread.core
        return core


def run(*, quick: bool) -> str:
    with (
        a_namespace() as namespace,
        a_namespace() as bare_namespace,
        cluster.service(namespace, workers=ONE_FOR_EACH_QUEUE, max_running=AT_ONCE) as api,
    ):
        for _ in range(WARM_UP // 3):
            api.run()
        bare = BareClient(bare_namespace)
        times = in_turns(
            {"bare": bare.run_until_ended, "podline": api.run},
            rounds=6 if quick else 60,
            after=lambda: _pause_after(bare, namespace),
        )
        rates = rates_in_turns(
            {"bare": bare.run, "podline": api.run},
            at_once=AT_ONCE,
            seconds=10 if quick else 30,
            rounds=1 if quick else 3,
        )
    slower = p50(times["podline"]) / p50(times["bare"])
    share = p50(rates["podline"]) / p50(rates["bare"])
    names = {"bare": "a bare client: ConfigMap, Pod, watch", "podline": "`POST ?wait`"}
    rows: list[list[object]] = [
        [name, p50(times[case]), p95(times[case]), p50(rates[case])] for case, name in names.items()
    ]
    head = ["", "p50 (ms)", "p95 (ms)", f"per second, {AT_ONCE} in flight"]
    return (
        f"{table(head, rows)}\n\n"
        f"p50: {slower:.2f} times the bare client's"
        f" (at most {LATENCY_BAR}: {verdict(slower, LATENCY_BAR)});"
        f" throughput: {share:.2f} times"
        f" (at least {THROUGHPUT_BAR}: {verdict(share, THROUGHPUT_BAR, at_least=True)})."
    )


def _pause_after(bare: BareClient, namespace: str) -> None:
    """Wait until the last pod is gone, and then for a random time.

    The kubelet checks its containers once a second, so that runs in step with it would be biased.
    """
    bare.clean_up()
    for each in (bare.namespace, namespace):
        cluster.wait_until_empty(each)
    time.sleep(random.random())


def _pod(name: str) -> Pod:
    (python,) = [offer for offer in offers().languages(None) if offer.name == "python"]
    return Pod(
        name=name,
        language=python.name,
        language_version=python.version,
        files=(File(python.source_name, PRINT_1.encode()),),
        entrypoint=python.source_name,
        runs=(Run(stdin=b"", args=(), env={}, limits=DEFAULT_LIMITS),),
        compile_limits=DEFAULT_COMPILE_LIMITS,
        wall_seconds=DEFAULT_LIMITS.wall_seconds,
    )
