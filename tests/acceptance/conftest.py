"""Runs one service of each kind for all acceptance tests.

The tests use only HTTP, and none knows which kind of service it tests.

On sandbox hosts, CI runs what could differ from one machine. All of it:
`pytest tests/acceptance -k hosts -m "long or soak"`.
"""

import re
from collections.abc import Iterator

import pytest

from podline import Client
from tests.acceptance.setups import (
    Service,
    hosts_on_cluster,
    roles_and_cluster,
    roles_and_sandbox,
    standalone,
    three_hosts,
)

DIFFERS_ON_HOSTS = re.compile(
    r"test_(artifacts|operations|packages)\.py|"
    r"::test_(a_large_input_is_run_again|cancelled_it|events_tell|every_language_says_hello|"
    r"output_is_streamed|owners_take|a_session_of|twenty_inputs)"
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "[hosts" in item.name and not DIFFERS_ON_HOSTS.search(item.nodeid):
            item.add_marker(pytest.mark.soak)


@pytest.fixture(
    scope="session",
    params=[
        pytest.param(standalone, id="standalone", marks=pytest.mark.timeout(600)),
        pytest.param(
            roles_and_sandbox,
            id="roles+kafka+sandbox",
            marks=[pytest.mark.kafka, pytest.mark.timeout(600)],
        ),
        pytest.param(three_hosts, id="hosts", marks=[pytest.mark.long, pytest.mark.timeout(600)]),
        pytest.param(
            roles_and_cluster,
            id="roles+kafka+cluster",
            marks=[pytest.mark.kafka, pytest.mark.kubernetes, pytest.mark.timeout(600)],
        ),
        pytest.param(
            hosts_on_cluster,
            id="hosts+cluster",
            marks=[pytest.mark.kubernetes, pytest.mark.soak, pytest.mark.timeout(900)],
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
