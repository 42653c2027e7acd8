"""Rows of every fate, rebuilt into every store, equal the originals field by field."""

from dataclasses import asdict
from typing import Any

import pytest

from app.domain.execution import Execution
from app.domain.filters import EventFilter
from app.domain.problems import Problems
from app.domain.replay import ReplayMode, ReplayStatus
from app.ports import Store
from app.service.replay import control
from app.service.replay.slices import work
from tests.support.constants import changed
from tests.support.lives import Lives
from tests.support.twins import make_twins

TARGET = "memory://rebuilt"
NOT_IN_THE_LOG = {
    *("key_id", "cpu_us", "stored_bytes", "usage_at", "callback", "door_data"),
    "retried_as",
    "erased",
    "tries",
    "next_action_at",
    "rebuilt_at",
}


def known(row: Execution) -> dict[str, Any]:
    return {name: value for name, value in asdict(row).items() if name not in NOT_IN_THE_LOG}


@pytest.mark.parametrize("batch", [4, 200])
def test_every_field_that_the_log_knows(store: Store, batch: int) -> None:
    twins = make_twins()
    lives = Lives(twins)
    twins.databases.stores[TARGET] = store
    replay = control.start(
        twins.ports,
        ReplayMode.REBUILD,
        EventFilter(),
        TARGET,
        dry_run=False,
        requested_by="otto",
        problems=Problems(),
    )
    with changed(replay__slices__BATCH=batch):
        while (replay_id := twins.pipeline.take_replay()) is not None:
            work(twins.ports, replay_id)
    done = control.get(twins.ports.store.replays, replay.id)
    assert (done.status, done.counts.skipped) == (ReplayStatus.COMPLETED, {})
    for name, original in lives.rows.items():
        row = store.executions.get(original.id)
        assert row is not None, name
        assert known(row) == known(original), name
        assert store.executions.events(row.id) == twins.store.executions.events(row.id)
        assert (row.rebuilt_at, row.next_action_at) == (replay.created_at, None)
