"""kube-score finds nothing in compose/kubernetes but what is accepted here, for a reason."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Final

import pytest
import yaml

from tests.support.kubernetes.kustomized import PAGES, built, needs_kubectl, whole

KUBE_SCORE: Final = shutil.which(os.environ.get("KUBE_SCORE") or "kube-score")
OK: Final = 10

ACCEPTED: Final = {
    # A tag or digest is one release. A node that has it starts a pod without the registry.
    "container-image-pull-policy": r".*",
    # A topology spread says the same, and more: test_rules.py.
    "deployment-has-host-podantiaffinity": r".*",
    # One beat is enough, and Flower's data are in the memory of one process.
    "deployment-replicas": r"podline/(beat|flower)",
    # Its pods are those of programs, which come and go.
    "networkpolicy-targets-pod": r"podline-sandboxes/nothing-in-or-out",
    # The Service `nobody` of the Ingress is taken for one that targets every pod.
    "pod-probes": r"podline/flower",
    # The MCP server has nothing to prepare. It is taken out of its Service six times as soon as it
    # is restarted.
    "pod-probes-identical": r"podline/mcp",
    # Its first container mounts on the node, which needs root, and ends.
    "container-security-context-privileged": r"podline-hosts/node-proc",
    "container-security-context-user-group-id": r"podline-hosts/node-proc",
}
"""By the check, in which objects it may find something (a regular expression)."""
COMMAND: Final = (
    "score",
    "--kubernetes-version=v1.30",
    "--ignore-container-cpu-limit",  # test_rules.py has why
    "--output-format=json",
    "-",
)

pytestmark = [
    pytest.mark.long,
    needs_kubectl,
    pytest.mark.skipif(KUBE_SCORE is None, reason="needs kube-score"),
]


def findings(manifests: str) -> Iterator[tuple[str, str]]:
    """Yield the check and the object of each."""
    assert KUBE_SCORE is not None
    done = subprocess.run(
        [KUBE_SCORE, *COMMAND], input=manifests, capture_output=True, text=True, check=False
    )
    for scored in json.loads(done.stdout):
        name = "/".join(scored["object_name"].split("/")[-2:])
        for check in scored["checks"]:
            if not check["skipped"] and check["grade"] < OK:
                yield check["check"]["id"], name


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    """With and without hosts."""
    folder = tmp_path_factory.mktemp("scored")
    manifests = [yaml.safe_dump_all(built(folder, whole(each)).values()) for each in PAGES]
    return {finding for each in manifests for finding in findings(each)}


def test_nothing_else_is_found(found: set[tuple[str, str]]) -> None:
    assert not {
        (check, name) for check, name in found if not re.fullmatch(ACCEPTED.get(check, ""), name)
    }


def test_nothing_is_accepted_that_is_not_found(found: set[tuple[str, str]]) -> None:
    assert {check for check, _ in found} == ACCEPTED.keys()
