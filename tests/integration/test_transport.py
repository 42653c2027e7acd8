"""How messages reach Redis."""

from typing import Any

from tasks import app
from tests.integration.conftest import Service


def client_of(channel: Any) -> Any:
    with channel.conn_or_acquire() as client:
        return client


def test_messages_share_a_client_until_the_channel_is_reset(service: Service) -> None:
    url = service.redis_url.replace("unix://", "redis+socket://")
    with app.connection_for_write(url) as connection:
        channel: Any = connection.default_channel
        client = client_of(channel)
        assert client_of(channel) is client
        channel._disconnect_pools()
        assert client_of(channel) is not client
        assert client_of(channel).ping()
