"""Loaded by the worker (`--include`): tells the supervisor that it takes tasks."""

import os
from pathlib import Path
from threading import Timer

VARIABLE = "UP_WORKER_READY_FILE"


def _tell(**_: object) -> None:
    file = Path(os.environ[VARIABLE])
    new = file.with_name(file.name + ".new")
    try:
        new.write_text(str(os.getpid()), encoding="ascii")
        new.replace(file)
    except OSError:
        _tell_later()  # the disk is full


def _tell_later() -> None:
    timer = Timer(1, _tell)
    timer.daemon = True
    timer.start()


if VARIABLE in os.environ:
    # The supervisor reads the name above, but must not pay for Celery in its memory.
    from celery.signals import worker_ready

    worker_ready.connect(_tell, weak=False)
