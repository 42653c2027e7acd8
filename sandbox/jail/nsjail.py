"""The command line of nsjail.

It gives a jail namespaces of its own, a network namespace with a loopback and nothing else, and an
outer uid of its own where the daemon is root. What a jail sees of the file system is in view.py.
What namespaces leave open, init's filter of system calls closes for the program.
"""

import os
from typing import Final

from sandbox.init.protocol import INIT
from sandbox.jail.kit import JailKit
from sandbox.jail.roots import seen_by_nsjail

INNER_ID: Final = 99999
FIRST_OUTER_ID: Final = 65000
"""65000 to 65533 are reserved: no account has them (Debian Policy 9.2.2)."""


def command(kit: JailKit, *, bay: int, view: int, supply: int) -> list[str]:
    """Nothing that a user wrote is ever part of it.

    `view` is a descriptor of what view.py says, and `supply` the one that init is started with.
    """
    return [
        *seen_by_nsjail(kit.folder),
        str(kit.nsjail),
        *("--config", f"/proc/self/fd/{view}", "--disable_proc"),  # first: it has defaults for all
        *("--experimental_mnt", "auto"),  # fsmount(2) and the like, if there: a fifth less CPU time
        *_mode(),
        *_identity(bay),
        *_init(supply),
    ]


def _mode() -> list[str]:
    """One jail after the other, quietly, with no time limit.

    Init and the daemon keep the time, in microseconds, and resource limits are set by init for each
    stage. As nice as the daemon: a jail may be no less.
    """
    nice = str(os.getpriority(os.PRIO_PROCESS, 0))
    return ["-Mr", "-q", "-t", "0", "--nice_level", nice, "--disable_rlimits", "--hostname", "box"]


def _identity(bay: int) -> list[str]:
    """As root, an unused uid: by default nsjail would map the program to root of the host."""
    mapping = str(INNER_ID)
    if os.geteuid() == 0:
        mapping = f"{INNER_ID}:{FIRST_OUTER_ID + bay}:1"
    return ["--user", mapping, "--group", mapping]


def _init(supply: int) -> list[str]:
    """By descriptor: the jail's uid need not reach the file, and no path in the jail names it."""
    return [
        *("--pass_fd", str(supply), "--cwd", "/"),
        *("--execute_fd", "--exec_file", str(INIT), "--", "init", str(supply)),
    ]
