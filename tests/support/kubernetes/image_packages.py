"""Packages in the images for tests, installed as compose/images/ does it, but without a network."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.support.local_packages import npm_registry, only_wheels_in, publish_greeter, wheel

_FOR_NODE: Final = "greeter@2.1.0 @types/typeless@1.0.1 typeless@1.0.0"
PACKAGES: Final = {"python": "greeting==1.0", "javascript": _FOR_NODE, "typescript": _FOR_NODE}
"""The build argument of each image."""
SETTING: Final = ",".join(f"{language}={packages}" for language, packages in PACKAGES.items())
_IMAGES: Final = Path(__file__).parents[3] / "compose/images"
_COMMAND: Final = re.compile(
    r'^RUN \[ -z "\$PACKAGES" \] \\\n(?: +#.*\n)* +\|\| (.*?)^USER', re.M | re.S
)


def python_packages(folder: Path) -> Mapping[Path, str]:
    """Install them into the folder, and return their place in the image."""
    wheel(folder, "greeting", "1.0", {"greeting.py": "WORD = 'hello'\n"})
    site = folder / "site"
    _run("python", only_wheels_in(folder) | {"PIP_TARGET": str(site)})
    return {site: "/usr/local/lib/python3.11/dist-packages"}


def node_packages(language: str, folder: Path) -> Mapping[Path, str]:
    """Install them into the folder, and return their place in the image."""
    with npm_registry() as registry:
        publish_greeter(registry)
        env = {"npm_config_registry": registry.url, "npm_config_cache": str(folder / "cache")}
        _run(language, env, instead_of_root=folder)
    return {folder / "node_modules": "/node_modules"}


def _run(language: str, env: Mapping[str, str], instead_of_root: Path = Path("/")) -> None:
    """Run the command that installs packages in the language's Dockerfile."""
    match = _COMMAND.search((_IMAGES / language / "Dockerfile").read_text())
    assert match, f"no command installs packages for {language}"
    command = match[1].replace("/opt/packages", str(instead_of_root / "packages"))
    command = command.replace("node_modules / ", f"node_modules {instead_of_root} ")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    known = {**os.environ, **env, "PATH": path, "PACKAGES": PACKAGES[language]}
    subprocess.run(["/bin/sh", "-ec", command], env=known, check=True, stdout=sys.stderr)
