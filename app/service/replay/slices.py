"""The work on replays, in slices.

A worker counts a try, does the work of the slice, and then stores position and counts in one
compare-and-set. If it is killed in between, the next worker repeats the slice. Each mode makes
sure that repeating has no further effect, or says that it has one. A slice requests the next one
by a message, which queues behind those of other replays and of the relay; if the message is lost,
a tick continues later.
"""

import logging
from typing import Final

from app.domain.errors import InvalidPosition, InvalidTarget, QuotaExceeded, Unavailable
from app.domain.replay import Replay
from app.ports import Ports
from app.service.disk import check_space
from app.service.replay.control import request_slice
from app.service.replay.modes import WORK
from app.service.transitions import in_seconds, soon

log = logging.getLogger(__name__)

BATCH: Final = 200
"""Events of one slice."""
MAX_TRIES: Final = 8
"""Of one slice, before the replay fails."""
LEASE_SECONDS: Final = 20.0
"""A slice that takes longer may be worked twice: one of them is counted."""
WAIT_SECONDS: Final = 5.0
DUE_AT_ONCE: Final = 10


def work_due(ports: Ports) -> None:
    """Work on one slice of each replay that is due because its message was lost."""
    for replay in ports.store.replays.due(ports.clock(), DUE_AT_ONCE):
        work(ports, replay.id)


def work(ports: Ports, replay_id: str) -> None:
    """Work on one bounded slice of a replay, unless another worker holds its lease."""
    lease = ports.leases.acquire(f"replay.{replay_id}", LEASE_SECONDS)
    if lease is None:
        return
    try:
        begun = _begin(ports, replay_id)
        if begun is None:
            return
        worked = _work(ports, begun)
        stored = ports.store.replays.update(begun, worked)
    finally:
        lease.release()
    if stored and worked.error is None and not worked.status.terminal:
        request_slice(ports.pipeline, worked)


def _begin(ports: Ports, replay_id: str) -> Replay | None:
    """Count a try, and return the replay; None if there is nothing to do for it."""
    replay = ports.store.replays.get(replay_id)
    if replay is None or replay.status.terminal:
        return None
    if replay.tries >= MAX_TRIES:
        error = f"a slice failed {replay.tries} times in a row"
        ports.store.replays.update(replay, replay.fail(ports.clock(), error))
        return None
    begun = replay.begin(ports.clock(), soon(ports.clock))
    return begun if ports.store.replays.update(replay, begun) else None


def _events_at_once(replay: Replay) -> int:
    """Halved with each try, because a slice that takes longer than its lease is not counted."""
    return max(BATCH >> (replay.tries - 1), 1)


def _work(ports: Ports, replay: Replay) -> Replay:
    """Do the work of the next slice. Returns the replay as it is afterwards."""
    try:
        if not replay.dry_run:
            check_space(ports.disk, ports.policy)
        page = ports.event_log.read(replay.filter, replay.position, _events_at_once(replay))
        ends = WORK[replay.mode](ports, replay, page.events)
    except (Unavailable, QuotaExceeded) as error:
        # The message itself may name the target with its password.
        why = type(error).__doc__ or type(error).__name__
        log.warning("replay %s waits: %s", replay.id, why)
        return replay.wait(in_seconds(ports.clock, WAIT_SECONDS), why)
    except (InvalidTarget, InvalidPosition) as error:
        return replay.fail(ports.clock(), str(error))
    counts = replay.counts.with_matched(page.events).with_ends(ends)
    if page.at_end:
        return replay.complete(ports.clock(), page.position, counts)
    return replay.advance(page.position, counts, soon(ports.clock))
