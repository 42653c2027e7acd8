"""What jails see as /etc: the host's own reveals its accounts and services."""

import errno
import importlib.util
import marshal
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from sandbox import line
from sandbox.jail.tree import Entry, Tree, tree_of

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


def etc_of_jails(mount_points: Iterable[str]) -> Tree:
    """With folders for those mount points that are below /etc. Raises OSError.

    If the host has fonts, they have its configuration.
    """
    etc: Tree = {
        "passwd": _PASSWD.encode(),
        "group": _GROUP.encode(),
        "hosts": _HOSTS.encode(),
        "nsswitch.conf": _NAME_SERVICES.encode(),
        "fonts": {"fonts.conf": _FONTS.encode()},
    }
    on_host = {name: Path("/etc", name) for name in _COPIED}
    etc |= {name: _copy_of(path) for name, path in on_host.items() if path.exists()}
    etc[LINE.removeprefix("/etc/")] = _line_files()
    for path in mount_points:
        if path.startswith("/etc/"):
            _add_folder(etc, path)
    return etc


def _copy_of(path: Path) -> Entry:
    """Links inside stay links: most of what the host configures is a link into /usr."""
    return tree_of(path) if path.is_dir() else path.read_bytes()


def _line_files() -> Tree:
    """The files, and sitecustomize.py compiled for jails that run this process's Python.

    The compiled file saves each program 1 ms.
    """
    files: Tree = {file.name: file.read_bytes() for file in line.FILES}
    source = files["sitecustomize.py"]
    assert isinstance(source, bytes)
    compiled = f"sitecustomize.{sys.implementation.cache_tag}.pyc"
    return {**files, "__pycache__": {compiled: _compiled(source, f"{LINE}/sitecustomize.py")}}


def _compiled(source: bytes, path: str) -> bytes:
    """A file of Python's that is never compared with its source (PEP 552).

    Version 2 of marshal gives the same bytes each time. Later ones depend on who else refers to
    the same objects.
    """
    code = compile(source, path, "exec", dont_inherit=True)
    unchecked_hash = (1).to_bytes(4, "little")
    header = importlib.util.MAGIC_NUMBER + unchecked_hash + importlib.util.source_hash(source)
    return header + marshal.dumps(code, 2)


def _add_folder(etc: Tree, path: str) -> None:
    folder = etc
    for part in path.split("/")[2:]:
        found = folder.setdefault(part, {})
        if not isinstance(found, dict):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
        folder = found
