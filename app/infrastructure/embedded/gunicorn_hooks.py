"""Loaded by gunicorn (`--config`): makes the first admin key valid once the API is loaded.

Here, because the API has everything that this needs in memory already, and the supervisor has
not. Imports are inside for the same reason: gunicorn's master process reads this file too.
"""

import logging
import threading
import time
from typing import Any

from app.infrastructure.embedded.tether import die_with

_RETRY_SECONDS = 1.0


def post_fork(server: Any, worker: Any) -> None:  # noqa: ARG001  # gunicorn's signature
    """Else it would hold the port for a second after its master was killed."""
    die_with(server.pid)


def post_worker_init(worker: Any) -> None:  # noqa: ARG001  # gunicorn's signature
    if not _enrol():
        threading.Thread(target=_enrol_when_possible, name="first key", daemon=True).start()


def _enrol_when_possible() -> None:
    while not _enrol():
        time.sleep(_RETRY_SECONDS)


def _enrol() -> bool:
    """False while the database is away."""
    from app.domain.errors import StoreUnavailable
    from app.domain.records import Role
    from app.infrastructure.embedded.folder import first_key
    from app.service.keys import enrol
    from app.settings import Settings
    from app.wiring import make_ports

    settings = Settings.load()
    try:
        enrol(make_ports(settings), first_key(settings.data_dir), "admin", Role.ADMIN)
    except StoreUnavailable as error:
        logging.getLogger(__name__).warning("the first key is not valid yet: %s", error)
        return False
    return True
