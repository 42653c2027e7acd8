"""Loaded by the worker (`--include`): tells the supervisor that it takes tasks."""

import os
from pathlib import Path
from threading import Timer

VARIABLE = "UP_WORKER_READY_FILE"


def told_by(link: Path) -> int | None:
    """The pid of the worker that was ready last."""
    return int(link.readlink().name) if link.is_symlink() else None


def _tell(**_: object) -> None:
    """By the target of a link, which is kept in its inode: it has room on a full disk, too."""
    link = Path(os.environ[VARIABLE])
    new = link.with_name(link.name + ".new")
    try:
        new.unlink(missing_ok=True)
        new.symlink_to(str(os.getpid()))
        new.replace(link)
    except OSError:
        _tell_later()


def _tell_later() -> None:
    timer = Timer(1, _tell)
    timer.daemon = True
    timer.start()


if VARIABLE in os.environ:
    # The supervisor reads the name above, but must not pay for Celery in its memory.
    from celery.signals import worker_ready

    worker_ready.connect(_tell, weak=False)
