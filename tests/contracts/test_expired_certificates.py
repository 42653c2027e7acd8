"""A server whose certificate has expired is unavailable, and the log says why in one line."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from app.domain.errors import CoordinationUnavailable, EventLogUnavailable, StoreUnavailable
from app.infrastructure.mongo.store import MongoStore
from app.infrastructure.redis.connection import connect
from app.infrastructure.redis.leases import RedisLeases
from app.settings.kafka import KafkaSettings
from app.wiring.event_logs import make_kafka_event_log
from tests.support.tls import HOST, expired_certificate, in_front_of

pytestmark = pytest.mark.long

NOTHING: Final = 9
"""The port of discard, which nobody serves: the handshake fails before."""


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return expired_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def port(pem: Path) -> Iterator[int]:
    with in_front_of(NOTHING, pem) as port:
        yield port


def redis(port: int, pem: Path) -> None:
    url = f"rediss://{HOST}:{port}/0?ssl_ca_certs={pem}"
    RedisLeases(connect(url)).acquire("name", 1)


def mongodb(port: int, pem: Path) -> None:
    url = f"mongodb://{HOST}:{port}/db?tls=true&tlsCAFile={pem}"
    MongoStore(url, timeout=1).ping()


def kafka(port: int, pem: Path) -> None:
    settings = KafkaSettings(security_protocol="ssl", ssl_ca_location=str(pem))
    make_kafka_event_log(f"{HOST}:{port}", "topic", settings).ping()


@pytest.mark.parametrize(
    ("use", "error", "reason"),
    [
        (redis, CoordinationUnavailable, "certificate has expired"),
        (mongodb, StoreUnavailable, "certificate has expired"),
        (kafka, EventLogUnavailable, "certificate verify failed"),
    ],
)
def test_it_is_unavailable_for_that_reason(
    use: Callable[[int, Path], None],
    error: type[Exception],
    reason: str,
    port: int,
    pem: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(error) as raised:
        use(port, pem)
    said = [text for text in (str(raised.value), *caplog.messages) if reason in text]
    assert said
    assert all(len(text) < 500 and "\n" not in text for text in said)
    assert "Traceback" not in caplog.text
