"""What `kubectl kustomize` makes of the kustomizations that pages show."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any, Final, TypeAlias

import pytest
import yaml

from tests.support.markdown import DOCS, ROOT

KUBECTL: Final = shutil.which(os.environ.get("KUBECTL", "kubectl"))
MANIFESTS: Final = "podline/compose/kubernetes"
"""Their folder, as the pages have it."""
PAGES: Final = {"pods": "kubernetes.md", "hosts": "scaling.md"}
needs_kubectl: Final = pytest.mark.skipif(KUBECTL is None, reason="needs kubectl")
_SECRETS: Final = ("database_url", "redis_url", "admin_key", "callback_secret", "flower_password")

Built: TypeAlias = dict[tuple[str, str, str], dict[str, Any]]
"""Objects by their namespace, kind, and name without the hash of its content."""


def shown(page: str, *, has: str) -> dict[str, Any]:
    """The one example in YAML that has this text, indented or not."""
    blocks = re.findall(r"^( *)```yaml\n(.*?)^\1```$", (DOCS / page).read_text(), re.M | re.S)
    (found,) = (text for _, text in blocks if has in text)
    loaded: dict[str, Any] = yaml.safe_load(dedent(found))
    return loaded


def kustomization(page: str) -> dict[str, Any]:
    return shown(page, has="kind: Kustomization")


def whole(runs_in: str) -> dict[str, Any]:
    """A kustomization with every component that others can do without; programs run in `pods` or
    on `hosts`.
    """
    wanted = kustomization(PAGES[runs_in])
    more = shown("kubernetes.md", has="kubernetes/egress")
    wanted["components"] = [*more["components"], *wanted.get("components", ())]
    wanted["patches"] = [*more["patches"], *wanted.get("patches", ())]
    if runs_in == "hosts":
        wanted["components"].append(f"{MANIFESTS}/hosts-packages")
        packages = {"name": "packages", "namespace": "podline-hosts", "literals": ["python.lock="]}
        wanted["configMapGenerator"].append(packages)
    return wanted


def built(folder: Path, wanted: dict[str, Any]) -> Built:
    """Every object.

    Fails if a pod needs a ConfigMap or a Secret that isn't among them.
    """
    assert KUBECTL is not None
    shutil.copytree(ROOT / "compose/kubernetes", folder / MANIFESTS, dirs_exist_ok=True)
    (folder / "secrets").mkdir(exist_ok=True)
    for name in _SECRETS:
        (folder / "secrets" / name).write_text(f"{name}\n")
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(wanted))
    command = [KUBECTL, "kustomize", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    found: Built = {}
    for each in yaml.safe_load_all(done.stdout):
        name, namespace = each["metadata"]["name"], each["metadata"].get("namespace", "")
        found[namespace, each["kind"], re.sub(r"-[a-z0-9]{10}$", "", name)] = each
    names = {(n, kind, each["metadata"]["name"]) for (n, kind, _), each in found.items()}
    for (namespace, kind, _), each in found.items():
        if kind == "Deployment":
            spec = each["spec"]["template"]["spec"]
            assert {(namespace, *needed) for needed in needs(spec)} <= names
    return found


def needs(spec: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The kind and name of what its containers need to start."""
    containers = [*spec["containers"], *spec.get("initContainers", ())]
    sources = [source for each in containers for source in each.get("envFrom", ())]
    sources += [
        source
        for volume in spec["volumes"]
        for source in volume.get("projected", {}).get("sources", ())
    ]
    kinds = {"configMapRef": "ConfigMap", "secretRef": "Secret", "secret": "Secret"}
    for source in sources:
        ((reference, named),) = source.items()
        if not named.get("optional"):
            yield kinds[reference], named["name"]
