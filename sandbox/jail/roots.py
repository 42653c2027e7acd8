"""Where nsjail makes the roots of jails.

It takes the first of `/run/user/<uid>/nsjail`, `/run/user/nsjail.<uid>.root` and
`/tmp/nsjail.<uid>.root` that it can use. Whoever makes the last one first, for instance as a file,
keeps jails from being set up. So nsjail sees a folder of the daemon's in place of /run/user.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from sandbox.init.protocol import INIT
from sandbox.private import PUBLIC, make_folder

_USERS: Final = Path("/run/user")
_PARTS: Final = ("root", "tmp")


def make_room(folder: Path) -> None:
    """Below it, what nsjail looks for below /run. Raises OSError."""
    for part in _PARTS:
        place = folder / _USERS.name / str(os.geteuid()) / "nsjail" / part
        place.mkdir(mode=0o755, parents=True, exist_ok=True)


def seen_by_nsjail(folder: Path) -> list[str]:
    """The beginning of a command which has it see that, where it needs to."""
    if os.geteuid() and Path(_USERS, str(os.geteuid())).is_dir():
        return []  # a folder of this user alone, which comes first as it is
    if os.geteuid() == 0 and not _USERS.exists():  # it is not in every container
        with suppress(OSError):
            make_folder(_USERS, PUBLIC)
    if _USERS.is_dir():
        return [str(INIT), "cover", str(folder / _USERS.name), str(_USERS)]
    return [str(INIT), "cover", str(folder), str(_USERS.parent)]
