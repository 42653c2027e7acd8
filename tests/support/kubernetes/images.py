"""The images that tests need on the cluster.

    python -m tests.support.kubernetes.images COMMAND...

COMMAND builds an image of Debian bookworm on the node, and is called as
`COMMAND NAME --packages a,b --add FILE:PATH`. Images that the node has are not built again.
Java and TypeScript come from this machine, on which .ci/run installs them. Some images have
packages for programs.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sandbox import line
from sandbox.init import protocol
from tests.support.kubernetes import service_image
from tests.support.kubernetes.image_packages import node_packages, python_packages
from tests.support.kubernetes.nodes import REGISTRY, missing_of


@dataclass(frozen=True, slots=True)
class TestImage:
    """An image for tests."""

    name: str
    packages: Sequence[str] = ()
    files: Callable[[Path], Mapping[Path, str]] = lambda _folder: {}
    """Files and folders of this machine, and their paths in the image. Gets an empty folder."""

    def make(self, command: Sequence[str]) -> None:
        arguments = [f"{REGISTRY}{self.name}"]
        if self.packages:
            arguments += ["--packages", ",".join(self.packages)]
        with tempfile.TemporaryDirectory() as folder:
            for source, path in self.files(Path(folder)).items():
                arguments += ["--add", f"{source}:{path}"]
            subprocess.run([*command, *arguments], check=True)


_PROGRAMS = {
    protocol.INIT: "/podline/init",
    protocol.INIT.parents[1] / "collector/collector": "/podline/collector",
    **{file: f"/podline/line/{file.name}" for file in line.FILES},
}


def _pod_image() -> str:
    """Return the pod image's name, with a tag by its content, so that no test uses an old build."""
    content = b"".join(path.read_bytes() for path in _PROGRAMS)
    return f"podline/pod:test-{hashlib.sha256(content).hexdigest()[:12]}"


def _java(folder: Path) -> Mapping[Path, str]:
    """Copy Java from this machine, as Debian's packages can't be installed without /proc."""
    compiler = shutil.which("javac")
    if compiler is None:
        sys.exit("the image of Java is made of this machine's JDK, and there is no javac")
    modules = "java.se,jdk.compiler,jdk.unsupported"
    jlink = Path(compiler).resolve().with_name("jlink")
    subprocess.run(
        [jlink, "--add-modules", modules, "--strip-debug", "--output", folder / "jdk"], check=True
    )
    commands = {folder / name: f"/usr/bin/{name}" for name in ("java", "javac")}
    for command in commands:
        command.write_text(f'#!/bin/sh\nexec /usr/local/jdk/bin/{command.name} "$@"\n')
        command.chmod(0o755)
    return {folder / "jdk": "/usr/local/jdk", **commands}


def _typescript(folder: Path) -> Mapping[Path, str]:
    modules = Path("/usr/local/lib/node_modules")
    compiler = {modules / name: f"{modules}/{name}" for name in ("typescript", "@types")}
    return {**compiler, **node_packages("typescript", folder)}


def _no_shell(folder: Path) -> Mapping[Path, str]:
    """Replace Debian's shell, to which /bin/sh is a link, by a file that can't be started."""
    file = folder / "dash"
    file.touch(0o644)
    return {file: "/usr/bin/dash"}


WITHOUT_SHELL = TestImage("podline/without-shell:1", files=_no_shell)
LANGUAGES: Mapping[str, TestImage] = {
    "python": TestImage("podline/python:3.11-greeting", ["python3"], python_packages),
    "bash": TestImage("podline/bash:5.2-python3", ["python3"]),
    "c": TestImage("podline/c:12.2", ["gcc", "libc6-dev"]),
    "cpp": TestImage("podline/cpp:12.2", ["g++"]),
    "javascript": TestImage(
        "podline/javascript:18-greeter", ["nodejs"], partial(node_packages, "javascript")
    ),
    "java": TestImage("podline/java:17", files=_java),
    "typescript": TestImage("podline/typescript:7.0-greeter", ["nodejs"], _typescript),
    "php": TestImage("podline/php:8.2", ["php-cli"]),
}
LANGUAGE_IMAGES = ",".join(f"{language}={image.name}" for language, image in LANGUAGES.items())


def pod_image() -> TestImage:
    return TestImage(_pod_image(), files=lambda _folder: _PROGRAMS)


def main(command: Sequence[str]) -> None:
    images = {image.name: image for image in (pod_image(), WITHOUT_SHELL, *LANGUAGES.values())}
    service = service_image.name()
    missing = missing_of([*images, service])
    for name, image in images.items():
        if name in missing:
            image.make(command)
    if service in missing:
        service_image.make(command, f"{REGISTRY}{service}")


if __name__ == "__main__":
    main(sys.argv[1:])
