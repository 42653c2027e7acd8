"""Starts one `podline up` for all tests here that leave it whole, in a temporary folder."""

import os
from collections.abc import Iterator

import pytest

from tests.support.constants import IMPATIENT, STEPS_APART, in_processes
from tests.support.standalone import Standalone, running

SOON = {**IMPATIENT, "checks__PART_BYTES": 1}
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
