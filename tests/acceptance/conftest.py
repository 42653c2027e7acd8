"""Runs one service of each kind for all acceptance tests.

The tests use only HTTP, and none knows which kind of service it tests.
"""

from collections.abc import Iterator

import pytest

from podline import Client
from tests.acceptance.setups import Service, roles_and_cluster, roles_and_sandbox, standalone


@pytest.fixture(
    scope="session",
    params=[
        pytest.param(standalone, id="standalone"),
        pytest.param(
            roles_and_sandbox,
            id="roles+kafka+sandbox",
            marks=[pytest.mark.kafka, pytest.mark.timeout(300)],
        ),
        pytest.param(
            roles_and_cluster,
            id="roles+kafka+cluster",
            marks=[pytest.mark.kafka, pytest.mark.kubernetes, pytest.mark.timeout(300)],
        ),
    ],
)
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    with request.param(tmp_path_factory.mktemp("acceptance")) as service:
        yield service


@pytest.fixture
def client(service: Service) -> Iterator[Client]:
    with service.client() as client:
        yield client
