"""Starts one `podline up` per test module, in a temporary folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.standalone import Standalone, running

FAST = {
    # The same sweep as always, only without minutes of patience for the slow.
    "PODLINE_STEP_TIMEOUT": "3",
    "PODLINE_SWEEP_INTERVAL": "1",
    "PODLINE_SLOT_GRACE": "5",
    "PODLINE_QUEUE_CHECK_INTERVAL": "5",
    "PODLINE_MAX_RUNNING": "8",
    "PODLINE_MAX_RUNNING_PER_OWNER": "8",
}


@pytest.fixture
def standalone(tmp_path: Path) -> Iterator[Standalone]:
    """`podline up` on a new folder, with eight slots."""
    with running(Standalone(tmp_path, FAST)) as service:
        yield service
