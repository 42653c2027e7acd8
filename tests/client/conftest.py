"""The real API, which fails on demand, and both clients of it."""

import asyncio
from collections.abc import Iterator

import pytest

from podline import Client
from tests.support.both_clients import KINDS, Connect, connecting
from tests.support.service import Service
from tests.support.twin_fixtures import twins as twins
from tests.support.twin_fixtures import url as url
from tests.support.twin_fixtures import worker as worker


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as service:
        yield service


@pytest.fixture(autouse=True)
def brief_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the pauses between repetitions."""
    monkeypatch.setattr("podline.connection._FIRST_PAUSE", 0.001)
    monkeypatch.setattr("podline.patience._PAUSE", 0.001)


@pytest.fixture(params=KINDS)
def connect(request: pytest.FixtureRequest) -> Iterator[Connect]:
    """Creates clients of one kind, for a test that runs once for each kind."""
    with asyncio.Runner() as runner:
        yield connecting(request.param, runner)


@pytest.fixture
def client(service: Service, connect: Connect) -> Iterator[Client]:
    with connect(service.url, service.key, timeout=30) as client:
        yield client
