"""The first thing that a process does: bring stored data up to date."""

import logging

from app.domain.errors import IsNewer, Unavailable
from app.ports import Ports
from app.service.hosts import note_database

log = logging.getLogger(__name__)


def upgrade(ports: Ports) -> None:
    """Run the migrations that database, event log and Redis lack.

    What is down now is upgraded when it is first used. Raises IsNewer if a newer release wrote any
    of them; the process must then end.

    A process beside no sandbox host also records which database it has, for those that start.
    """
    for part in (ports.store, ports.event_log, ports.admission):
        try:
            part.upgrade()
        except IsNewer:
            raise
        except Unavailable as error:
            log.warning("not upgraded yet: %s", error)
    if ports.fleet is not None and ports.fleet.here is None:
        try:
            note_database(ports.store, ports.fleet.hosts)
        except Unavailable as error:
            log.warning("hosts with another database are not noticed: %s", error)
