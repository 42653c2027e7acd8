"""A namespace for sandboxes as an operator creates it: restricted, isolated, with a quota."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from kubernetes import client, config

RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
NOTHING_IN_OR_OUT = client.V1NetworkPolicy(
    metadata=client.V1ObjectMeta(name="nothing-in-or-out"),
    spec=client.V1NetworkPolicySpec(
        pod_selector=client.V1LabelSelector(), policy_types=["Ingress", "Egress"]
    ),
)


def kubeconfig() -> str:
    path = os.environ.get("KUBECONFIG")
    assert path, "KUBECONFIG must name a cluster's file"
    return path


def api_client() -> client.ApiClient:
    """Return a client with the kubeconfig's rights, which are an administrator's."""
    configuration = client.Configuration()
    config.load_kube_config(kubeconfig(), client_configuration=configuration)
    return client.ApiClient(configuration)


@contextmanager
def a_namespace(**quota: str) -> Iterator[str]:
    """Create a namespace, and delete it when the context ends."""
    api = api_client()
    name = f"podline-test-{secrets.token_hex(4)}"
    core = client.CoreV1Api(api)
    core.create_namespace(
        client.V1Namespace(metadata=client.V1ObjectMeta(name=name, labels=RESTRICTED))
    )
    try:
        client.NetworkingV1Api(api).create_namespaced_network_policy(name, NOTHING_IN_OR_OUT)
        core.create_namespaced_resource_quota(
            name,
            client.V1ResourceQuota(
                metadata=client.V1ObjectMeta(name="sandboxes"),
                spec=client.V1ResourceQuotaSpec(hard={"pods": "50"} | quota),
            ),
        )
        yield name
    finally:
        core.delete_namespace(name)


def uid_of_pod(name: str, namespace: str) -> str:
    """Return the pod's uid, which names it in paths and control groups on its node."""
    metadata = client.CoreV1Api(api_client()).read_namespaced_pod(name, namespace).metadata
    assert metadata
    assert metadata.uid
    return metadata.uid
