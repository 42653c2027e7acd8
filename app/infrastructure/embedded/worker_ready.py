"""Loaded by the worker (`--include`): tells the supervisor that it takes tasks."""

import os
from pathlib import Path

VARIABLE = "UP_WORKER_READY_FILE"


def _tell(**_: object) -> None:
    file = Path(os.environ[VARIABLE])
    new = file.with_name(file.name + ".new")
    new.write_text(str(os.getpid()), encoding="ascii")
    new.replace(file)


if VARIABLE in os.environ:
    # The supervisor reads the name above, but must not pay for Celery in its memory.
    from celery.signals import worker_ready

    worker_ready.connect(_tell, weak=False)
