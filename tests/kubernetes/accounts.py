"""The service accounts of compose/kubernetes in a namespace of a test, and what each can do."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from kubernetes import client, utils

from tests.kubernetes.namespace import api_client, kubeconfig

MANIFEST: Final = Path(__file__).parents[2] / "compose/kubernetes/base/rbac.yaml"


def install(namespace: str) -> None:
    """All of the manifest, in that namespace alone."""
    api = api_client()
    for found in _objects():
        utils.create_from_dict(  # type: ignore[no-untyped-call]
            api, _moved(found, namespace), namespace=namespace
        )


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


def an_account_without_rights(namespace: str) -> str:
    """As the API's would be, if it had one."""
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
