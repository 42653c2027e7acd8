"""The real API, which fails on demand, and a client of it."""

from collections.abc import Iterator

import pytest

from podline import Client
from tests.support.service import Service


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as service:
        yield service


@pytest.fixture
def client(service: Service) -> Iterator[Client]:
    with Client(service.url, service.key, timeout=2) as client:
        yield client
