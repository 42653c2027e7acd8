"""The first thing that a process does: bring stored data up to date."""

import logging

from app.domain.errors import IsNewer, Unavailable
from app.ports import Ports
from app.service.hosts import note_database

log = logging.getLogger(__name__)


def upgrade(ports: Ports) -> None:
    """Run the migrations that database and event log lack.

    What is down now is upgraded when it is first used. Raises IsNewer if a newer release wrote any
    of them, or the data in Redis; the process must then end.

    The sweep upgrades Redis, because coordinators of the release before admit nothing after that:
    in a rolling restart, other parts may be replaced long before them.

    A process beside no sandbox host also records which database it has, for those that start.
    """
    store, event_log, admission = ports.store, ports.event_log, ports.admission
    for prepare in (store.upgrade, event_log.upgrade, admission.check_version):
        try:
            prepare()
        except IsNewer:
            raise
        except Unavailable as error:
            log.warning("not upgraded yet: %s", error)
    if ports.fleet is not None and ports.fleet.here is None:
        try:
            note_database(ports.store, ports.fleet.hosts)
        except Unavailable as error:
            log.warning("hosts with another database are not noticed: %s", error)
