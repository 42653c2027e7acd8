"""Where nsjail creates the root folders of jails.

nsjail uses the first of `/run/user/<uid>/nsjail`, `/run/user/nsjail.<uid>.root` and
`/tmp/nsjail.<uid>.root` that it can use. Anybody who creates the last one first, for instance as a
file, prevents jails from being set up. So nsjail sees a folder of the daemon's instead of
/run/user.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from sandbox.init.protocol import INIT
from sandbox.jail.tree import Tree
from sandbox.private import PUBLIC, make_folder

_USERS: Final = Path("/run/user")
_PARTS: Final = ("root", "tmp")


def rooms() -> Tree:
    """What nsjail looks for below /run."""
    return {_USERS.name: {str(os.geteuid()): {"nsjail": {part: {} for part in _PARTS}}}}


def seen_by_nsjail(folder: Path) -> list[str]:
    """The start of a command that shows nsjail that folder, where it needs it."""
    if os.geteuid() and Path(_USERS, str(os.geteuid())).is_dir():
        return []  # a folder of this user alone, which comes first as it is
    if os.geteuid() == 0 and not _USERS.exists():  # some containers don't have it
        with suppress(OSError):
            make_folder(_USERS, PUBLIC)
    if _USERS.is_dir():
        return [str(INIT), "cover", str(folder / _USERS.name), str(_USERS)]
    return [str(INIT), "cover", str(folder), str(_USERS.parent)]
