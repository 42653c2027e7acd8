"""Starts, lists and cancels replays; `slices` does the work."""

import logging
from collections.abc import Sequence
from dataclasses import replace

from ulid import ULID

from app.domain.errors import (
    BrokerUnavailable,
    InvalidRequest,
    InvalidTarget,
    NotFound,
)
from app.domain.filters import EventFilter
from app.domain.problems import Problems
from app.domain.replay import Replay, ReplayMode, check
from app.ports import Clock, Pipeline, Ports, Replays
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
    problems: Problems,
) -> Replay:
    """Store a replay, and request its first slice.

    Raises InvalidRequest with all `problems`: those that were found before, and broken rules.
    """
    check(problems, mode, filter, target)
    target = _checked_target(ports, problems, mode, target)
    if problems:
        raise InvalidRequest(problems.found)
    now = ports.clock()
    replay = Replay(
        id=str(ULID()),
        mode=mode,
        filter=replace(filter, until=min(filter.until or now, now)),
        target=target,
        dry_run=dry_run,
        requested_by=requested_by,
        created_at=now,
        next_action_at=soon(ports.clock),
    )
    ports.store.replays.put(replay)
    request_slice(ports.pipeline, replay)
    return replay


def get(replays: Replays, replay_id: str) -> Replay:
    """Raises NotFound."""
    replay = replays.get(replay_id)
    if replay is None:
        raise NotFound(f"there is no replay {replay_id}")
    return replay


def newest(replays: Replays, after: str | None, limit: int) -> Sequence[Replay]:
    """Newest first."""
    return replays.page(after, limit)


def cancel(replays: Replays, clock: Clock, replay_id: str) -> Replay:
    """What was done stays done. A slice that is in progress is no longer counted.

    Raises NotFound, and Conflict once it has ended.
    """
    while True:
        replay = get(replays, replay_id)
        cancelled = replay.cancel(clock())
        if replays.update(replay, cancelled):
            return cancelled


def request_slice(pipeline: Pipeline, replay: Replay) -> None:
    """Request the next slice. If the broker is unavailable, a tick continues later."""
    try:
        pipeline.replay(replay.id)
    except BrokerUnavailable as error:
        log.warning("replay %s continues at the next tick: %s", replay.id, error)


def _checked_target(
    ports: Ports, problems: Problems, mode: ReplayMode, target: str | None
) -> str | None:
    if target is None or not problems.none_at("/mode", "/target"):
        return target
    try:
        if mode is ReplayMode.REBUILD:
            return ports.databases.check_target(target)
        ports.event_log.check_target(target)
    except InvalidTarget as error:
        problems.add("/target", str(error))
    return target
