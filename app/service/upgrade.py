"""The first thing that a process does: bring stored data up to date."""

import logging

from app.domain.errors import IsNewer, Unavailable
from app.ports import Ports

log = logging.getLogger(__name__)


def upgrade(ports: Ports) -> None:
    """Run the migrations that database, event log and Redis lack.

    What is down now is upgraded when it is first used. Raises IsNewer if a newer release wrote any
    of them; the process must then end.
    """
    for part in (ports.store, ports.event_log, ports.admission):
        try:
            part.upgrade()
        except IsNewer:
            raise
        except Unavailable as error:
            log.warning("not upgraded yet: %s", error)
