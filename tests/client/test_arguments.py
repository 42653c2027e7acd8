"""Arguments that can't be sent are refused with the package's own error before a request."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest

from podline import Client, InvalidArgument, PodlineError, Unreachable
from tests.support.both_clients import Connect

NOBODY = "http://127.0.0.1:1"
NAN = float("nan")


@pytest.fixture
def client(connect: Connect) -> Iterator[Client]:
    with connect(NOBODY, "key", retries=0) as client:
        yield client


@pytest.mark.parametrize(
    "url",
    [
        *("localhost:8000", "ftp://host", "http://", "nonsense", "http://host:port"),
        *("http://host:99999", "http://host:0", "http://[::1", "http://\x00"),
        *("http://host?x=1", "http://host#x", f"http://{'a' * 300}", "http://" + "é" * 300),
        *("http://xn--", "http://..", "http://\ud800"),
    ],
)
def test_a_url_that_is_none_is_refused_at_once(url: str, connect: Connect) -> None:
    with pytest.raises(InvalidArgument, match="not the URL of an API"):
        connect(url)


@pytest.mark.parametrize("key", ["secret\n", "schlüssel", " secret", "sec\x00ret", "\ud800"])
def test_a_key_that_is_none_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(InvalidArgument, match="the key must consist of visible") as caught:
        Client(NOBODY, key)
    assert key not in str(caught.value)


@pytest.mark.parametrize("timeout", [0, -1, NAN, float("inf"), 1e300])
def test_a_timeout_that_is_none(timeout: float) -> None:
    with pytest.raises(InvalidArgument, match="timeout"):
        Client(NOBODY, timeout=timeout)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTPS_PROXY", "nonsense://"),
        ("HTTPS_PROXY", "http://["),
        ("SSL_CERT_FILE", "/dev/null"),
        ("SSL_CERT_FILE", "/nowhere"),
    ],
)
def test_an_environment_that_can_t_be_used(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with suppress(PodlineError):
        Client("https://podline.example").close()


@pytest.mark.parametrize(
    ("url", "loads"),
    [
        ("http://127.0.0.1:8000", False),
        ("http://localhost", False),
        ("https://localhost", True),
        ("http://podline.example", True),
    ],
)
def test_certificates_are_loaded_where_tls_is_possible(
    url: str, loads: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy may have TLS where the API has none."""
    loaded: list[object] = []
    monkeypatch.setattr(
        ssl.SSLContext, "load_verify_locations", lambda *_, **where: loaded.append(where)
    )
    Client(url).close()
    assert bool(loaded) == loads


CALLS: dict[str, Callable[[Client], Any]] = {
    "args": lambda c: c.submit("", language="python", args=["\ud800"]),
    "NaN": lambda c: c.submit("", language="python", limits={"wall_seconds": NAN}),
    "infinity": lambda c: c.submit("", language="python", limits={"wall_seconds": float("inf")}),
    "bytes": lambda c: c.submit("", language="python", args=[b"x"]),  # type: ignore[list-item]  # what the test tries
    "wait": lambda c: c.submit("", language="python", wait=NAN),
    "timeout": lambda c: c.wait("01J", timeout=NAN),
    "run": lambda c: c.run("", language="python", timeout=NAN),
    "idempotency key": lambda c: c.submit("", language="python", idempotency_key="a\r\nb: c"),
    "idempotency key, not ASCII": lambda c: c.submit("", language="c", idempotency_key="ä"),
    "label": lambda c: list(c.list(labels={"\ud800": ""})),
    "long query": lambda c: list(c.list(owner="a" * 100_000)),
    "no id": lambda c: c.get(""),
    "parent": lambda c: c.keys.delete(".."),
    "folder": lambda c: c.dead_letters.discard("."),
    "half a character": lambda c: c.replays.cancel("\ud800"),
    "early": lambda c: list(c.event_log.list(since=datetime.min)),
    "late": lambda c: list(c.event_log.list(until=datetime.max.replace(tzinfo=None))),
}


@pytest.mark.parametrize("name", CALLS)
def test_what_can_t_be_sent(name: str, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    with pytest.raises((InvalidArgument, Unreachable)) as caught:
        CALLS[name](client)
    assert isinstance(caught.value, InvalidArgument) or name in ("early", "late")


def test_an_id_is_one_segment_of_a_path(client: Client) -> None:
    with pytest.raises(Unreachable, match=r"/api/v1/executions/\.\./keys"):
        client.get("../keys")


@pytest.mark.parametrize("wait", [1e300, float("inf"), -1])
def test_waits_of_any_length(wait: float, client: Client) -> None:
    with pytest.raises(Unreachable):
        client.submit("", language="python", wait=wait)


def test_a_password_in_the_url_is_not_shown() -> None:
    with Client("http://ada:hush@127.0.0.1:1", retries=0) as client:
        with pytest.raises(Unreachable, match=r"http://127\.0\.0\.1:1/") as caught:
            client.languages()
        assert "hush" not in str(caught.value)
    with pytest.raises(InvalidArgument) as refused:
        Client("http://ada:hush@127.0.0.1:99999")
    assert "hush" not in str(refused.value)


def test_a_closed_client(connect: Connect) -> None:
    client = connect(NOBODY)
    client.close()
    with pytest.raises(PodlineError, match="closed"):
        client.get("01J")


def test_moments_without_a_zone_are_local() -> None:
    from podline.arguments import moment

    local = datetime(2026, 1, 2, 3, 4)
    assert datetime.fromisoformat(moment(local)) == local.astimezone(UTC)
