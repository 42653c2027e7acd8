"""Fixtures of folders whose tests run on in-memory twins. A conftest imports what it needs."""

from collections.abc import Iterator

import pytest

from tests.support.constants import changed
from tests.support.real_api import served
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
    """Does the pipeline's work when a test asks for it."""
    return Worker(twins.ports)


@pytest.fixture
def url(twins: Twins) -> Iterator[str]:
    """The URL of a real HTTP server with the API."""
    with served(twins) as url:
        yield url
