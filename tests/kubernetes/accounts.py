"""The service accounts of compose/kubernetes in a test's namespace, and their rights."""

import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from kubernetes import client, utils

from tests.support.kubernetes.namespace import api_client, kubeconfig

MANIFEST: Final = Path(__file__).parents[2] / "compose/kubernetes/base/rbac.yaml"


@dataclass(frozen=True, slots=True)
class Right:
    """One verb that a Role gives."""

    role: str
    resource: str
    verb: str

    def __str__(self) -> str:
        return f"{self.role} {self.verb} {self.resource}"


def rights() -> list[Right]:
    """Every verb that the manifest grants."""
    return [
        Right(role["metadata"]["name"], resource, verb)
        for role in _objects()
        if role["kind"] == "Role"
        for rule in role["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    ]


def install(namespace: str) -> None:
    """Apply the manifest in that namespace only."""
    api = api_client()
    for found in _objects():
        utils.create_from_dict(api, _moved(found, namespace), namespace=namespace)


def kubeconfig_of(account: str, namespace: str, folder: Path) -> Path:
    """A kubeconfig with a token of that account, and nothing else."""
    core = client.CoreV1Api(api_client())
    request = client.AuthenticationV1TokenRequest(
        spec=client.V1TokenRequestSpec(audiences=[], expiration_seconds=3600)
    )
    answer = core.create_namespaced_service_account_token(account, namespace, request)
    assert answer.status
    config = yaml.safe_load(Path(kubeconfig()).read_text())
    config["users"][0]["user"] = {"token": answer.status.token}
    file = folder / f"{account}.json"
    file.write_text(json.dumps(config))
    return file


def an_account_without(taken: Right, namespace: str) -> str:
    """A copy of the account with every other right of its Role."""
    name = f"{taken.role}-{secrets.token_hex(4)}"
    rules = [
        {"apiGroups": [""], "resources": [right.resource], "verbs": [right.verb]}
        for right in rights()
        if right.role == taken.role and right != taken
    ]
    group = "rbac.authorization.k8s.io"
    metadata = {"name": name, "namespace": namespace}
    utils.create_from_dict(
        api_client(),
        {
            "apiVersion": "v1",
            "kind": "List",
            "items": [
                {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata},
                {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": metadata, "rules": rules},
                {
                    "apiVersion": f"{group}/v1",
                    "kind": "RoleBinding",
                    "metadata": metadata,
                    "roleRef": {"apiGroup": group, "kind": "Role", "name": name},
                    "subjects": [{"kind": "ServiceAccount", **metadata}],
                },
            ],
        },
        namespace=namespace,
    )
    return name


def an_account_without_rights(namespace: str) -> str:
    """An account such as the API would have, if it had one."""
    metadata = client.V1ObjectMeta(name="api")
    client.CoreV1Api(api_client()).create_namespaced_service_account(
        namespace, client.V1ServiceAccount(metadata=metadata)
    )
    return "api"


def _objects() -> Iterator[dict[str, Any]]:
    return iter(yaml.safe_load_all(MANIFEST.read_text()))


def _moved(found: Mapping[str, Any], namespace: str) -> dict[str, Any]:
    moved = {**found, "metadata": {**found["metadata"], "namespace": namespace}}
    if "subjects" in moved:
        moved["subjects"] = [{**subject, "namespace": namespace} for subject in moved["subjects"]]
    return moved
