"""Starts one `podline up` for all tests here that leave it whole, in a temporary folder."""

import os
from collections.abc import Iterator

import pytest

from tests.support.constants import STEPS_APART, in_processes
from tests.support.standalone import Standalone, running

SOON = {
    # The same sweep as always, only without minutes of patience for the slow.
    "transitions__STEP_SECONDS": 3,
    "holding__BEAT_SECONDS": 0.3,
    "holding__HOLD_SECONDS": 3,
    "sweep__SLOT_GRACE_SECONDS": 5,
    "sweep__QUEUE_CHECK_SECONDS": 5,
    "beat__sweep": 1,
    "checks__PART_BYTES": 1,
}
FAST = {
    # With APART=yes, all tests here run with each step as a message of its own.
    **in_processes(**SOON, **(STEPS_APART if "APART" in os.environ else {})),
    "PODLINE_MAX_RUNNING": "8",
    # Tests receive callbacks on this machine.
    "PODLINE_CALLBACK_NETWORKS": "127.0.0.0/8",
}


@pytest.fixture(scope="package")
def standalone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standalone]:
    """`podline up` on a new folder, with eight slots. Each test leaves it whole."""
    with running(Standalone(tmp_path_factory.mktemp("up"), FAST)) as service:
        yield service
