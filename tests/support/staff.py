"""Heartbeats of a worker of all queues, its watcher and beat, as a whole service sends them."""

from typing import Literal

from app.domain.worker import WorkerReport
from app.queues import QUEUES
from tests.support.twins import Twins

Kind = Literal["worker", "watcher", "beat"]
ROLES: dict[Kind, tuple[str, ...]] = {"worker": QUEUES, "watcher": ("monitor",), "beat": ()}


def staffed(twins: Twins, *kinds: Kind, name: str = "a:1", roles: tuple[str, ...] = ()) -> Twins:
    """Send a heartbeat of each kind, by default of all."""
    for kind in kinds or ROLES:
        twins.ports.worker_reports.put(
            WorkerReport(
                name=f"{name} {kind}",
                kind=kind,
                roles=roles or ROLES[kind],
                version="0.2",
                seen_at=twins.clock(),
            )
        )
    return twins
