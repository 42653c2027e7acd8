"""The command line of nsjail.

Each jail gets its own namespaces, among them a network namespace with only a loopback, and its own
outer uid if the daemon is root. view.py describes what a jail sees of the file system. Init's
filter of system calls closes to the program what namespaces leave open.
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
    """Return the command, which never contains anything that a user wrote.

    `view` is the descriptor of view.py's configuration, and `supply` the one that init starts with.
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
    """Make one jail after another, quietly, without a time limit.

    Init and the daemon measure time, in microseconds, and init sets resource limits for each stage.
    A jail is as nice as the daemon, since it may not be less nice.
    """
    nice = str(os.getpriority(os.PRIO_PROCESS, 0))
    return ["-Mr", "-q", "-t", "0", "--nice_level", nice, "--disable_rlimits", "--hostname", "box"]


def _identity(bay: int) -> list[str]:
    """An unused uid if the daemon is root; nsjail's default would be the host's root."""
    mapping = str(INNER_ID)
    if os.geteuid() == 0:
        mapping = f"{INNER_ID}:{FIRST_OUTER_ID + bay}:1"
    return ["--user", mapping, "--group", mapping]


def _init(supply: int) -> list[str]:
    """Start init by descriptor: no path in the jail leads to it, and its uid needs no access."""
    return [
        *("--pass_fd", str(supply), "--cwd", "/"),
        *("--execute_fd", "--exec_file", str(INIT), "--", "init", str(supply)),
    ]
