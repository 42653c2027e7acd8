"""How messages reach Redis."""

from ssl import CERT_NONE, CERT_REQUIRED
from typing import Any

from app.infrastructure.celery.application import Application, Serving, make_publisher
from app.infrastructure.celery.heartbeat import Heartbeat
from app.infrastructure.celery.transport import tls
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


def test_the_certificate_of_redis_is_verified_unless_its_url_says_otherwise() -> None:
    """kombu's default is not to: whoever pretends to be Redis could have tasks run."""
    assert tls("rediss://:pw@redis:6379/0") == {"ssl_cert_reqs": CERT_REQUIRED}
    assert tls("rediss://redis:6379/0?ssl_ca_certs=/etc/ca.pem") == {
        "ssl_cert_reqs": CERT_REQUIRED,
        "ssl_ca_certs": "/etc/ca.pem",
    }
    assert tls("rediss://redis:6379/0?ssl_cert_reqs=none") == {"ssl_cert_reqs": CERT_NONE}
    assert tls("redis://redis:6379/0") is None
    unused: Any = None
    worker = Application(
        "rediss://redis", 1, 1.0, Serving(), Heartbeat(None), lambda: unused, lambda _: unused
    )
    for each in (make_publisher("rediss://redis"), worker):
        assert each.conf.broker_use_ssl == {"ssl_cert_reqs": CERT_REQUIRED}
