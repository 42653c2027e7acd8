"""kube-score finds nothing in compose/kubernetes but what is accepted here, for a reason."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.support.kubernetes.kustomized import PAGES, built, needs_kubectl, whole

KUBE_SCORE: Final = shutil.which(os.environ.get("KUBE_SCORE") or "kube-score")
OK: Final = 10

ACCEPTED: Final[dict[str, tuple[str, str]]] = {}
"""By the check, what it may find (a regular expression for all of the object's names), and why."""

pytestmark = [
    pytest.mark.long,
    needs_kubectl,
    pytest.mark.skipif(KUBE_SCORE is None, reason="needs kube-score"),
]


def findings(manifests: str) -> Iterator[tuple[str, str]]:
    """Yield the check and the object of each."""
    assert KUBE_SCORE is not None
    command = [KUBE_SCORE, "score", "--kubernetes-version", "v1.30", "--output-format", "json", "-"]
    done = subprocess.run(command, input=manifests, capture_output=True, text=True, check=False)
    for scored in json.loads(done.stdout):
        for check in scored["checks"]:
            if not check["skipped"] and check["grade"] < OK:
                yield check["check"]["id"], scored["object_name"]


@pytest.mark.parametrize("runs_in", PAGES)
def test_nothing_else_is_found(runs_in: str, tmp_path: Path) -> None:
    found = built(tmp_path, whole(runs_in)).values()
    assert sorted(set(findings(yaml.safe_dump_all(found)))) == []
