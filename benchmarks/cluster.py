"""The service with its sandboxes on a cluster (KUBECONFIG), and its roles here (KAFKA)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from kubernetes import client

from app.infrastructure.kubernetes.ahead import UNCLAIMED, is_ready
from app.infrastructure.kubernetes.connection import Connection
from app.infrastructure.kubernetes.manifest import PODS
from benchmarks.api import Api
from benchmarks.service import environment
from tests.support.kubernetes.images import LANGUAGE_IMAGES, pod_image
from tests.support.kubernetes.namespace import api_client
from tests.support.roles import ONE_FOR_ALL, Roles
from tests.support.waiting import wait_until

_SECONDS_TO_FILL: Final = 60
_SECONDS_TO_EMPTY: Final = 60


@contextmanager
def service(
    namespace: str, *, workers: Mapping[str, str] = ONE_FOR_ALL, **settings: object
) -> Iterator[Api]:
    """Start it, with `settings` that are named without their prefix.

    Its store is SQLite, because the stand-in for MongoDB would take as much CPU time as the pods.
    """
    with TemporaryDirectory(prefix="podline-benchmark-") as folder:
        given: dict[str, object] = {
            "database_url": f"sqlite:///{folder}/podline.db",
            "kubernetes__images": LANGUAGE_IMAGES,
            "kubernetes__pod_image": pod_image().name,
            "kubernetes__image_pull_policy": "Never",
            **settings,
        }
        with Roles(
            Path(folder),
            f"kubernetes://{namespace}",
            workers=workers,
            settings=environment(given),
        ) as roles:
            yield Api(roles.url, roles.key)


def wait_until_empty(namespace: str) -> None:
    """Wait until no pod is left."""
    core = client.CoreV1Api(api_client())
    wait_until(lambda: not core.list_namespaced_pod(namespace).items, within=_SECONDS_TO_EMPTY)


def ready_ahead(namespace: str) -> list[str]:
    """Return the pods that were started ahead and wait for a program."""
    found = Connection(namespace).get(PODS, labelSelector=UNCLAIMED).json()["items"] or []
    return [pod["metadata"]["name"] for pod in found if is_ready(pod)]


def wait_until_full(namespace: str, size: int) -> None:
    """Wait until so many pods were started ahead."""
    wait_until(lambda: len(ready_ahead(namespace)) == size, within=_SECONDS_TO_FILL)
