"""A pod can reach nothing in the cluster, and can't touch what watches it.

The node's network enforces the first part, by the policy of the sandbox namespace: every address
tried is one that can be reached from here.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from signal import SIGKILL, SIGSEGV, SIGSTOP, SIGTERM
from typing import Final
from urllib.parse import urlsplit

import psutil
import pytest
import yaml
from kubernetes import client

from app.domain.report import Phase
from app.domain.submission import Limits
from app.infrastructure.kubernetes.runtime import KubernetesRuntime
from tests.pod.cluster_runs import pod_for, run
from tests.pod.test_what_it_can_touch import ATTEMPTS
from tests.support.kubernetes.cluster import a_runtime
from tests.support.kubernetes.namespace import a_namespace, api_client, kubeconfig
from tests.support.ran import Ran
from tests.support.waiting import wait_until

pytestmark = pytest.mark.kubernetes

LIMITS: Final = Limits(
    wall_seconds=20, cpu_seconds=10, memory_mib=128, processes=64, output_kib=64, disk_mib=8
)
PORT: Final = 8080
NEIGHBOUR: Final = f"""
import socket
server = socket.create_server(("", {PORT}))
while True:
    server.accept()[0].close()
"""
CALLER: Final = """
import socket, sys
from concurrent.futures import ThreadPoolExecutor
def call(address):
    host, port = address.rsplit(":", 1)
    try:
        socket.create_connection((host, int(port)), 3).close()
    except OSError:
        return "refused"
    return f"reached {address}"
with ThreadPoolExecutor(32) as pool:
    print(*pool.map(call, sys.argv[1:]), sep="\\n")
"""
TOUCHER: Final = f"""
import ctypes, os, resource
from pathlib import Path
libc = ctypes.CDLL(None)
def refused(answer):
    if answer < 0:
        raise PermissionError
for what, attempt in {ATTEMPTS!r}.items():
    try:
        exec(attempt)
        print("done:", what)
    except OSError:
        print("refused")
"""
SEES: Final = """
import os
from pathlib import Path
print("secrets", *Path("/var/run").glob("secrets*"), *Path("/run").glob("secrets*"))
print("services", *(name for name in os.environ if "SERVICE" in name or "KUBERNETES" in name))
pids = [int(path.name) for path in Path("/proc").glob("[0-9]*")]
print("processes", *(pid for pid in sorted(pids) if pid != os.getpid()))
"""


@pytest.fixture(scope="module")
def runtime() -> Iterator[KubernetesRuntime]:
    with a_namespace() as namespace:
        yield a_runtime(namespace)


@pytest.fixture(scope="module")
def node() -> client.V1Node:
    found: client.V1Node = client.CoreV1Api(api_client()).list_node().items[0]
    return found


@pytest.fixture
def open_runtime() -> Iterator[KubernetesRuntime]:
    """A runtime in a namespace whose pods accept all connections."""
    with a_namespace() as namespace:
        policies = client.NetworkingV1Api(api_client())
        policies.delete_collection_namespaced_network_policy(namespace)
        yield a_runtime(namespace)


@contextmanager
def a_neighbour(runtime: KubernetesRuntime) -> Iterator[str]:
    """The address of a pod that listens."""
    pod = pod_for(runtime, NEIGHBOUR, "python", limits=LIMITS)
    runtime.create(pod)
    try:
        wait_until(lambda: _runs(runtime, pod.name), within=60)
        (found,) = (
            client.CoreV1Api(api_client())
            .list_pod_for_all_namespaces(field_selector=f"metadata.name={pod.name}")
            .items
        )
        assert found.status
        address = f"{found.status.pod_ip}:{PORT}"
        wait_until(lambda: is_reached(address), within=30)
        yield address
    finally:
        runtime.delete(pod.name)


def is_reached(address: str) -> bool:
    """Whether this machine can connect to it."""
    host, port = address.rsplit(":", 1)
    with suppress(OSError), closing(socket.create_connection((host, int(port)), 3)):
        return True
    return False


def address_of(node: client.V1Node) -> str:
    assert node.status
    addresses = node.status.addresses or []
    return next(item.address for item in addresses if item.type == "InternalIP")


def listeners(node: client.V1Node) -> set[str]:
    """Everything that listens at the node's address, including the kubelet."""
    host = address_of(node)
    sockets = psutil.net_connections("tcp")
    listening = [item.laddr for item in sockets if item.status == psutil.CONN_LISTEN]
    found = {
        f"{host}:{bound.port}"
        for bound in listening
        if bound and bound.ip in ("0.0.0.0", "::", host)
    }
    assert node.status
    assert node.status.daemon_endpoints
    kubelet = node.status.daemon_endpoints.kubelet_endpoint
    assert kubelet
    assert f"{host}:{kubelet.port}" in found
    return found


def api_servers(node: client.V1Node) -> set[str]:
    """The address of its Service, and the one on the node."""
    (cluster,) = yaml.safe_load(Path(kubeconfig()).read_text())["clusters"]
    port = urlsplit(cluster["cluster"]["server"]).port
    service = client.CoreV1Api(api_client()).read_namespaced_service("kubernetes", "default")
    assert service.spec
    return {f"{address_of(node)}:{port}", f"{service.spec.cluster_ip}:443"}


def printed(ran: Ran) -> list[str]:
    assert ran.output, ran.observation
    return ran.stdout.decode().splitlines()


def test_nothing_of_the_cluster_can_be_reached(
    runtime: KubernetesRuntime, open_runtime: KubernetesRuntime, node: client.V1Node
) -> None:
    with a_neighbour(open_runtime) as neighbour:
        targets = [neighbour, *api_servers(node), *listeners(node)]
        reached = [address for address in targets if is_reached(address)]
        assert {neighbour, *api_servers(node)} <= set(reached)

        ran = run(runtime, pod_for(runtime, CALLER, "python", args=tuple(reached), limits=LIMITS))

    assert printed(ran) == ["refused"] * len(reached)


def test_no_token_no_services_no_other_processes(runtime: KubernetesRuntime) -> None:
    ran = run(runtime, pod_for(runtime, SEES, "python"))

    assert printed(ran) == ["secrets", "services", "processes 1"]


def test_what_watches_it_can_not_be_read_traced_or_written_to(runtime: KubernetesRuntime) -> None:
    ran = run(runtime, pod_for(runtime, TOUCHER, "python"))

    assert printed(ran) == ["refused"] * len(ATTEMPTS)


@pytest.mark.parametrize("target", [1, -1])
def test_init_can_not_be_signalled(runtime: KubernetesRuntime, target: int) -> None:
    numbers = " ".join(str(int(number)) for number in (SIGTERM, SIGSEGV, SIGSTOP, SIGKILL))
    source = f"for number in {numbers}; do kill -$number {target}; done; exit 7"

    ran = run(runtime, pod_for(runtime, source, "bash"))

    assert ran.observation.report
    assert ran.observation.report.run
    assert ran.observation.report.run.exit_code == 7, ran


def _runs(runtime: KubernetesRuntime, name: str) -> bool:
    observation = runtime.observe(name, wait_seconds=1)
    return observation is not None and observation.phase is Phase.RUNNING
