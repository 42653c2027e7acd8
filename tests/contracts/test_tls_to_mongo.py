"""TLS to MongoDB, as far as the tests' server allows: it has none, so TLS ends in front of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.errors import StoreUnavailable
from app.infrastructure.mongo.store import MongoStore
from tests.support.builders import accepted
from tests.support.mongo_server import MongoServer
from tests.support.tls import HOST, OTHER_NAME, certificate, in_front_of

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def port(pem: Path, mongo_server: MongoServer) -> Iterator[int]:
    with in_front_of(mongo_server.port, pem) as port:
        yield port


def insert(url: str, *, timeout: float = 10) -> bool:
    store = MongoStore(url, timeout=timeout)
    try:
        return store.executions.insert(*accepted())
    finally:
        store.close()


def test_a_certificate_of_the_ca_in_the_url_is_trusted(port: int, pem: Path) -> None:
    assert insert(f"mongodb://{HOST}:{port}/tls?tls=true&tlsCAFile={pem}")


@pytest.mark.parametrize(
    ("host", "options", "complaint"),
    [
        (HOST, "", "self-signed certificate"),
        (OTHER_NAME, "&tlsCAFile={pem}", "not valid for 'localhost'"),
    ],
)
def test_another_certificate_is_refused(
    host: str, options: str, complaint: str, port: int, pem: Path
) -> None:
    with pytest.raises(StoreUnavailable, match=complaint):
        insert(f"mongodb://{host}:{port}/tls?tls=true{options.format(pem=pem)}", timeout=1)
