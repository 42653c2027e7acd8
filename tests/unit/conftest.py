"""Fresh in-memory twins and a worker for each test."""

import pytest

from tests.support.twins import Twins, make_twins
from tests.support.worker import Worker


@pytest.fixture
def twins() -> Twins:
    return make_twins()


@pytest.fixture
def worker(twins: Twins) -> Worker:
    return Worker(twins.ports)
