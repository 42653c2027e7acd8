"""The server over streamable HTTP: keys, names, and the official client of both eras."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import httpx2
import pytest
import uvicorn
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from app.domain.api_key import Role
from app.mcp.http import PATH, make_app
from tests.mcp.conftest import leave_a_call, scripted
from tests.support.real_api import a_key
from tests.support.service import Service

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-03-26",
        "capabilities": {},
        "clientInfo": {"name": "old", "version": "1"},
    },
}
ACCEPT = {"Accept": "application/json, text/event-stream"}


@pytest.fixture
def url(service: Service) -> Iterator[str]:
    """The URL of a server for this service."""
    app = make_app(service.url, ["tools.example.org"])
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    (sock,) = server.servers[0].sockets
    yield f"http://127.0.0.1:{sock.getsockname()[1]}{PATH}"
    server.should_exit = True
    thread.join()


@asynccontextmanager
async def connected(url: str, headers: dict[str, str], mode: Any) -> AsyncIterator[Client]:
    async with (
        httpx2.AsyncClient(headers=headers, timeout=30) as http,
        Client(streamable_http_client(url, http_client=http), mode=mode) as client,
    ):
        yield client


@pytest.mark.parametrize("mode", ["legacy", "auto", "2026-07-28"])
@pytest.mark.parametrize("header", ["Authorization", "X-API-Key"])
def test_each_caller_uses_its_own_key(service: Service, url: str, mode: str, header: str) -> None:
    scripted(service, prints=b"42\n")

    async def main(owner: str) -> str:
        key = a_key(service.twins, Role.USER, owner)
        value = f"Bearer {key}" if header == "Authorization" else key
        async with connected(url, {header: value}, mode) as client:
            result = await client.call_tool("run_code", {"code": "print(42)"})
        assert result.structured_content is not None
        assert result.structured_content["stdout"] == "42\n"
        return str(result.structured_content["execution_id"])

    ids = [asyncio.run(main(owner)) for owner in ("ada", "grace")]
    owners = {execution.id: execution.owner for execution in service.submitted()}
    assert [owners[each] for each in ids] == ["ada", "grace"]


def test_a_key_that_is_not_known(url: str) -> None:
    async def main() -> None:
        async with connected(url, {"X-API-Key": "wrong"}, "auto") as client:
            result = await client.call_tool("list_languages", {})
            assert result.is_error
            assert "configure a valid Podline API key" in str(result.content)

    asyncio.run(main())


def test_leaving_cancels_the_execution(service: Service, url: str) -> None:
    """A client of the present revision cancels a call by closing its response."""
    service.runs_nothing()

    async def main() -> None:
        async with connected(url, {"X-API-Key": service.key}, "2026-07-28") as client:
            await leave_a_call(client, service)

    asyncio.run(asyncio.wait_for(main(), 60))


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer"}, {"Authorization": "Basic YTpi"}, {"X-API-Key": ""}],
)
def test_no_key(url: str, headers: dict[str, str]) -> None:
    response = httpx.post(url, json=INITIALIZE, headers={**ACCEPT, **headers})
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert "X-API-Key" in response.json()["error"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "localhost:8080"}, 200),
        ({"Host": "tools.example.org"}, 200),
        ({"Host": "tools.example.org", "Origin": "https://tools.example.org"}, 200),
        ({"Host": "evil.example.com"}, 421),
        ({"Origin": "https://evil.example.com"}, 403),
    ],
)
def test_names_that_the_server_is_called_by(
    service: Service, url: str, headers: dict[str, str], status: int
) -> None:
    sent = {**ACCEPT, "X-API-Key": service.key, **headers}
    assert httpx.post(url, json=INITIALIZE, headers=sent).status_code == status


def test_requests_that_are_too_large_or_no_json(service: Service, url: str) -> None:
    sent = {**ACCEPT, "X-API-Key": service.key, "Content-Type": "application/json"}
    large = b"[" + b" " * 5 * 1024 * 1024 + b"]"
    assert httpx.post(url, content=large, headers=sent).status_code == 413
    assert httpx.post(url, content=b"{", headers=sent).status_code == 400


def test_the_log_of_the_process_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library would draw tracebacks in boxes, which take 0.2 s each."""
    root, plain = logging.getLogger(), logging.StreamHandler()
    monkeypatch.setattr(root, "handlers", [plain])
    monkeypatch.setattr(root, "level", root.level)
    make_app("http://127.0.0.1:1", [])
    assert root.handlers == [plain]


def test_health_needs_no_key(url: str) -> None:
    assert httpx.get(url.removesuffix(PATH) + "/healthz").json() == {"status": "ok"}
