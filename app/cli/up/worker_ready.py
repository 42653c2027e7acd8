"""Loaded by the worker (`--include`) to report to the supervisor that it accepts tasks."""

import os
from pathlib import Path
from threading import Timer

VARIABLE = "UP_WORKER_READY_FILE"


def pid_in(link: Path) -> int | None:
    """Return the pid of the last worker that became ready."""
    return int(link.readlink().name) if link.is_symlink() else None


def _report(**_: object) -> None:
    """Store the pid as a link's target, which is in the inode and so fits on a full disk."""
    link = Path(os.environ[VARIABLE])
    new = link.with_name(link.name + ".new")
    try:
        new.unlink(missing_ok=True)
        new.symlink_to(str(os.getpid()))
        new.replace(link)
    except OSError:
        _report_later()


def _report_later() -> None:
    timer = Timer(1, _report)
    timer.daemon = True
    timer.start()


if VARIABLE in os.environ:
    # The supervisor imports this module too, but must not load Celery into its memory.
    from celery.signals import worker_ready

    worker_ready.connect(_report, weak=False)
