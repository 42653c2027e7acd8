"""The images that tests need on the cluster.

    python -m tests.support.kubernetes.images COMMAND...

COMMAND makes an image of Debian bookworm on the node, and is called as
`COMMAND NAME --packages a,b --add FILE:PATH`. What the node has already is not made again.
"""

import hashlib
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kubernetes import client

from sandbox import line
from sandbox.init import protocol
from tests.support.kubernetes import service_image
from tests.support.kubernetes.namespace import api_client

REGISTRY = "docker.io/"
"""What a container runtime puts before a name that has none."""


@dataclass(frozen=True, slots=True)
class TestImage:
    """One image."""

    name: str
    packages: Sequence[str] = ()
    files: Mapping[Path, str] | None = None

    def make(self, command: Sequence[str]) -> None:
        arguments = [f"{REGISTRY}{self.name}"]
        if self.packages:
            arguments += ["--packages", ",".join(self.packages)]
        for source, path in (self.files or {}).items():
            arguments += ["--add", f"{source}:{path}"]
        subprocess.run([*command, *arguments], check=True)


_PROGRAMS = {
    protocol.INIT: "/podline/init",
    protocol.INIT.parents[1] / "collector/collector": "/podline/collector",
    **{file: f"/podline/line/{file.name}" for file in line.FILES},
}


def _pod_image() -> str:
    """Its tag is that of its content, so no test runs against programs that were built before."""
    content = b"".join(path.read_bytes() for path in _PROGRAMS)
    return f"podline/pod:test-{hashlib.sha256(content).hexdigest()[:12]}"


LANGUAGES: Mapping[str, TestImage] = {
    "python": TestImage("podline/python:3.11", ["python3"]),
    "bash": TestImage("podline/bash:5.2-python3", ["python3"]),
    "c": TestImage("podline/c:12.2", ["gcc", "libc6-dev"]),
    "cpp": TestImage("podline/cpp:12.2", ["g++"]),
    "javascript": TestImage("podline/javascript:18", ["nodejs"]),
}
LANGUAGE_IMAGES = ",".join(f"{language}={image.name}" for language, image in LANGUAGES.items())


def pod_image() -> TestImage:
    return TestImage(_pod_image(), files=_PROGRAMS)


def _on_nodes() -> set[str]:
    nodes = client.CoreV1Api(api_client()).list_node().items
    images = [image for node in nodes if node.status for image in node.status.images or ()]
    return {name.removeprefix(REGISTRY) for image in images for name in image.names or ()}


def main(command: Sequence[str]) -> None:
    there = _on_nodes()
    for image in (pod_image(), *LANGUAGES.values()):
        if image.name not in there:
            image.make(command)
    if (service := service_image.name()) not in there:
        service_image.make(command, f"{REGISTRY}{service}")


if __name__ == "__main__":
    main(sys.argv[1:])
