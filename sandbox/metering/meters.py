"""Chooses the meters for this host."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from sandbox.metering import cgroup
from sandbox.metering.meter import Meter
from sandbox.metering.processes import ProcessMeter

log = logging.getLogger(__name__)


def find_meters(name: str, bays: int, note: Callable[[Path], None]) -> Sequence[Meter]:
    """One meter per bay: control groups where there are any, as they enforce more and cost less."""
    try:
        return cgroup.find(cgroup.Host(), name, bays, note)
    except OSError as error:
        log.warning("no control groups, so limits are enforced by reading /proc: %s", error)
        return [ProcessMeter() for _ in range(bays)]
