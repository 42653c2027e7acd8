"""A service that fails on demand, and a client for it."""

from collections.abc import Iterator

import pytest

from podline import Client
from tests.support.fake_answers import KEY
from tests.support.fake_service import FakeService


@pytest.fixture
def service() -> Iterator[FakeService]:
    with FakeService() as service:
        yield service


@pytest.fixture
def client(service: FakeService) -> Iterator[Client]:
    with Client(service.url, KEY, timeout=2) as client:
        yield client
