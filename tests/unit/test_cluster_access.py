"""Only roles that call a cluster's API server get access to it."""

from pathlib import Path
from typing import Any

import yaml

COMPOSE = Path("compose")


def test_by_compose_they_are_those_that_have_an_account_in_the_manifests() -> None:
    roles: dict[str, Any] = yaml.safe_load(
        (COMPOSE / "docker-compose.kubernetes.yml").read_text(encoding="utf-8")
    )["services"]
    manifests = yaml.safe_load_all(
        (COMPOSE / "kubernetes/base/rbac.yaml").read_text(encoding="utf-8")
    )
    accounts = {item["metadata"]["name"] for item in manifests if item["kind"] == "ServiceAccount"}
    assert {name for name, role in roles.items() if "secrets" in role} == accounts
