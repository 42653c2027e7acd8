"""Which images the nodes have.

A node's status names its 50 largest images, those without a name included. Of others, a container
tells whether it could be made.
"""

from collections.abc import Collection
from typing import Any, Final

from kubernetes import client

from tests.support.kubernetes.namespace import a_namespace, api_client
from tests.support.waiting import wait_until

REGISTRY: Final = "docker.io/"
"""The prefix that a container runtime adds to a name without one."""
_MISSING: Final = "ErrImageNeverPull"
_POD: Final = "images"


def missing_of(names: Collection[str]) -> set[str]:
    """Return those that no node is known to have."""
    unnamed = set(names) - _named()
    return _missing_where_it_runs(sorted(unnamed)) if unnamed else set()


def _named() -> set[str]:
    nodes = client.CoreV1Api(api_client()).list_node().items
    images = [image for node in nodes if node.status for image in node.status.images or ()]
    return {name.removeprefix(REGISTRY) for image in images for name in image.names or ()}


def _missing_where_it_runs(images: list[str]) -> set[str]:
    core = client.CoreV1Api(api_client())
    with a_namespace() as namespace:
        core.create_namespaced_pod(namespace, _pod(images))

        def containers() -> list[client.V1ContainerStatus]:
            status = core.read_namespaced_pod(_POD, namespace).status
            return (status.container_statuses or []) if status else []

        wait_until(
            lambda: len(containers()) == len(images) and all(map(_is_decided, containers())),
            within=60,
            or_fail=containers,
        )
        return {images[int(each.name)] for each in containers() if _waits_for(each) == _MISSING}


def _is_decided(container: client.V1ContainerStatus) -> bool:
    return _waits_for(container) not in ("ContainerCreating", "PodInitializing", "")


def _waits_for(container: client.V1ContainerStatus) -> str | None:
    """The reason; None if it waits for nothing any more."""
    waiting = container.state.waiting if container.state else None
    return (waiting.reason or "") if waiting else None


def _pod(images: list[str]) -> Any:
    """A container for each image, which ends at once or can't even start."""
    restricted = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    containers = [
        {
            "name": str(number),
            "image": image,
            "imagePullPolicy": "Never",
            "command": ["true"],
            "securityContext": restricted,
        }
        for number, image in enumerate(images)
    ]
    return {
        "metadata": {"name": _POD},
        "spec": {
            "containers": containers,
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 1000,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
        },
    }
