"""Fresh in-memory twins and a worker for each test."""

from collections.abc import Iterator

import pytest

from tests.support.constants import changed
from tests.support.twins import Twins, make_twins
from tests.support.worker import Worker


@pytest.fixture(autouse=True, scope="package")
def no_first_look() -> Iterator[None]:
    """Don't wait in real time for a program of the twin to end."""
    with changed(monitor__FIRST_LOOK_SECONDS=0):
        yield


@pytest.fixture
def twins() -> Twins:
    return make_twins()


@pytest.fixture
def worker(twins: Twins) -> Worker:
    return Worker(twins.ports)
