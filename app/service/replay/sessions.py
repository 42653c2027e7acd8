"""Replay sessions: asked for and cancelled here, worked on slice by slice in `slices`."""

import logging
from collections.abc import Sequence
from dataclasses import replace

from ulid import ULID

from app.domain.errors import (
    BrokerUnavailable,
    FieldProblem,
    InvalidRequest,
    InvalidTarget,
    NotFound,
)
from app.domain.filters import EventFilter
from app.domain.replay import Replay, ReplayMode, check
from app.ports import Ports
from app.service.transitions import soon

log = logging.getLogger(__name__)


def start(
    ports: Ports,
    mode: ReplayMode,
    filter: EventFilter,
    target: str | None,
    *,
    dry_run: bool,
    requested_by: str,
) -> Replay:
    """Store a session, and have its first slice worked. Raises InvalidRequest."""
    check(mode, filter, target)
    now = ports.clock()
    replay = Replay(
        id=str(ULID()),
        mode=mode,
        filter=replace(filter, until=min(filter.until or now, now)),
        target=_checked_target(ports, mode, target),
        dry_run=dry_run,
        requested_by=requested_by,
        created_at=now,
        next_action_at=soon(ports),
    )
    ports.store.replays.put(replay)
    go_on(ports, replay)
    return replay


def get(ports: Ports, replay_id: str) -> Replay:
    """Raises NotFound."""
    replay = ports.store.replays.get(replay_id)
    if replay is None:
        raise NotFound(f"there is no replay {replay_id}")
    return replay


def newest(ports: Ports, after: str | None, limit: int) -> Sequence[Replay]:
    """Newest first."""
    return ports.store.replays.page(after, limit)


def cancel(ports: Ports, replay_id: str) -> Replay:
    """What was done stays done; a slice that is under way is not counted any more.

    Raises NotFound, and Conflict once it has ended.
    """
    while True:
        replay = get(ports, replay_id)
        cancelled = replay.cancel(ports.clock())
        if ports.store.replays.update(replay, cancelled):
            return cancelled


def go_on(ports: Ports, replay: Replay) -> None:
    """Request the next slice. If the broker is unavailable, a tick continues later."""
    try:
        ports.pipeline.replay(replay.id)
    except BrokerUnavailable as error:
        log.warning("replay %s continues at the next tick: %s", replay.id, error)


def _checked_target(ports: Ports, mode: ReplayMode, target: str | None) -> str | None:
    try:
        if target is not None and mode is ReplayMode.REBUILD:
            return ports.databases.check_target(target)
        if target is not None:
            ports.event_log.check_target(target)
    except InvalidTarget as error:
        raise InvalidRequest([FieldProblem("/target", str(error))]) from error
    return target
