"""One running service for all acceptance tests, which speak HTTP to it and nothing else."""

from collections.abc import Iterator

import pytest

from podline import Client
from tests.standalone import Standalone, running


@pytest.fixture(scope="session")
def standalone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standalone]:
    with running(Standalone(tmp_path_factory.mktemp("acceptance"))) as service:
        yield service


@pytest.fixture
def client(standalone: Standalone) -> Iterator[Client]:
    with standalone.client() as client:
        yield client
