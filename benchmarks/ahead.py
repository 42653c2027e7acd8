"""What pods that were started ahead save. Needs a cluster (KUBECONFIG) and Kafka (KAFKA)."""

from typing import Final

from kubernetes import client

from app.domain.pod import Pod
from app.infrastructure.kubernetes import input
from app.infrastructure.kubernetes.ahead import AheadOptions
from app.infrastructure.kubernetes.attached import Attached
from app.infrastructure.kubernetes.connection import Connection
from app.infrastructure.kubernetes.handover import handover
from app.infrastructure.kubernetes.manifest import COLLECTOR
from app.infrastructure.kubernetes.runtime import KubernetesRuntime
from benchmarks import cluster
from benchmarks.api import Api
from benchmarks.measure import in_turns, p50, p95, rates_in_turns, table, verdict
from tests.support.builders import a_submission
from tests.support.kubernetes.cluster import offers, pod_options
from tests.support.kubernetes.namespace import a_namespace, api_client

TITLE: Final = "`print(1)` in a pod that was started ahead, and in a new one"
SIZE: Final = 4
AT_ONCE: Final = 4
LATENCY_BAR: Final = 150
"""Milliseconds."""
DRAINED_BAR: Final = 1.1
OTHER_DISK_MIB: Final = 17
"""No pod of the pool has that."""


def run(*, quick: bool) -> str:
    with (
        a_namespace() as namespace,
        a_namespace() as bare_namespace,
        cluster.service(namespace, kubernetes__ahead=f"python={SIZE}", max_running=AT_ONCE) as api,
    ):
        cluster.wait_until_full(namespace, SIZE)
        bare = Bare(bare_namespace)
        times = in_turns(
            {
                "ahead": api.run,
                "new": lambda: _run_in_new_pod(api),
                "bare": bare.run,
            },
            rounds=4 if quick else 30,
            after=lambda: _fill(namespace, bare),
        )
        rates = rates_in_turns(
            {"ahead": api.run, "new": lambda: _run_in_new_pod(api)},
            at_once=AT_ONCE,
            seconds=10 if quick else 30,
            rounds=1 if quick else 3,
        )
    names = {
        "ahead": "`POST ?wait`, pod started ahead",
        "new": "`POST ?wait`, new pod",
        "bare": "bare attach to such a pod: stages in, end record out",
    }
    rows: list[list[object]] = [
        [name, p50(times[case]), p95(times[case]), p50(rates[case]) if case in rates else ""]
        for case, name in names.items()
    ]
    head = ["", "p50 (ms)", "p95 (ms)", f"per second, {AT_ONCE} in flight"]
    slower = p50(rates["new"]) / p50(rates["ahead"])
    return (
        f"{table(head, rows)}\n\n"
        f"p50 while the pool lasts: {p50(times['ahead']):.0f} ms"
        f" (at most {LATENCY_BAR}: {verdict(p50(times['ahead']), LATENCY_BAR)});"
        f" the longer part of the throughput finds it empty: {slower:.2f} of the time of new pods"
        f" (at most {DRAINED_BAR}: {verdict(slower, DRAINED_BAR)})."
    )


def _run_in_new_pod(api: Api) -> None:
    api.run(limits={"disk_mib": OTHER_DISK_MIB})


def _fill(namespace: str, bare: "Bare") -> None:
    cluster.wait_until_full(namespace, SIZE)
    bare.fill()


class Bare:
    """Attaches to pods that were started ahead, and claims nothing."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self._api = Connection(namespace)
        ahead = AheadOptions(sizes={"python": 1})
        self._runtime = KubernetesRuntime(namespace, offers(), pod_options(), ahead=ahead)
        pod = Pod.of("bare-1", a_submission())
        self._message = handover(input.stages(pod, offers().of(pod).spec))
        self._used: list[str] = []
        self.fill()

    def fill(self) -> None:
        """Remove the pod that was used, and start another one."""
        while self._used:
            core = client.CoreV1Api(api_client())
            core.delete_namespaced_pod(self._used.pop(), self._namespace, grace_period_seconds=0)
        self._runtime.tend()
        cluster.wait_until_full(self._namespace, 1)

    def run(self) -> None:
        (name,) = cluster.ready_ahead(self._namespace)
        self._used.append(name)
        attached = Attached(self._api.attach(name, COLLECTOR))
        attached.hand_over(self._message)
        attached.follow(60, lambda: None)
        assert attached.wait(60)
        assert attached.end
