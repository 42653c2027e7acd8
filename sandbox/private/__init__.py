"""Keeps what Podline creates to its own account: nobody else may read or change it.

A process calls `set_umask` before it creates anything, whatever umask it was started with. Each
place is then created, or repaired if it existed, or refused with the command that fixes it. Refused
are places of another user, symbolic links, files with a second name, and places whose parent
folders others may write to, since such a place can be replaced at any time.

In a sticky folder such as /tmp, others can't rename or remove our files, so a folder of ours may be
there. A database may not: SQLite trusts files with certain names beside it.

Jails of a root daemon have other uids. What they read is readable to all but writable to root alone
(mode `PUBLIC`).
"""

from sandbox.private.places import (
    FOR_JAILS,
    PUBLIC,
    close_database,
    close_file,
    make_data_folder,
    make_folder,
    make_shared_folder,
    set_umask,
    touch,
)
from sandbox.private.refusals import OTHERS_WRITE, NotPrivate, refuse, refuse_links_of_others

__all__ = (
    "FOR_JAILS",
    "OTHERS_WRITE",
    "PUBLIC",
    "NotPrivate",
    "close_database",
    "close_file",
    "make_data_folder",
    "make_folder",
    "make_shared_folder",
    "refuse",
    "refuse_links_of_others",
    "set_umask",
    "touch",
)
