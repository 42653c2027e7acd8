"""The server over streamable HTTP, for hosts elsewhere. It keeps no state between requests.

It has no key of its own: each request must carry its caller's.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import uvicorn
from mcp.server.mcpserver import Context
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.listening import listen
from app.mcp.server import make_server
from podline import AsyncClient

PATH: Final = "/mcp"
_LOCAL: Final = ("127.0.0.1", "localhost", "[::1]")
_MOST_REQUESTS: Final = 1000
"""At once. Most of them wait for programs."""
_TO_STOP: Final = 10
"""Seconds that running calls get when the server is stopped."""


def make_app(url: str, hosts: Sequence[str]) -> ASGIApp:
    """Return the ASGI application. `hosts` are the names that it may be called by.

    Other values of Host and Origin are refused, as the protocol demands, so that a web page whose
    name suddenly resolves to this server can't use it.
    """

    def connect(ctx: Context[Any, Any]) -> AsyncClient:
        return AsyncClient(url, _key(ctx.headers or {}))

    server = make_server(connect)
    server.custom_route("/healthz", methods=["GET"])(_healthz)
    names = [*_LOCAL, *hosts]
    app: Starlette = server.streamable_http_app(
        streamable_http_path=PATH,
        stateless_http=True,
        transport_security=TransportSecuritySettings(
            allowed_hosts=[*names, *(f"{name}:*" for name in names)],
            allowed_origins=[
                f"{scheme}://{name}{port}"
                for scheme in ("http", "https")
                for name in names
                for port in ("", ":*")
            ],
        ),
    )
    return _KeyRequired(app)


def serve(url: str, address: str, port: int, hosts: Sequence[str]) -> None:
    """Serve until a signal asks to stop. Raises CannotListen."""
    listening = listen(address, port)
    config = uvicorn.Config(
        make_app(url, hosts),
        log_config=None,  # that of the process
        log_level="warning",
        limit_concurrency=_MOST_REQUESTS,
        timeout_graceful_shutdown=_TO_STOP,
    )
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run([listening])


class _KeyRequired:
    """Refuses requests without a key, so that a host reports that at once and not on first use."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == PATH and not _key(Headers(scope=scope)):
            await _unauthenticated()(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _unauthenticated() -> Response:
    return JSONResponse(
        {"error": "send a Podline API key, as `Authorization: Bearer KEY` or `X-API-Key: KEY`"},
        status_code=401,
        headers={"WWW-Authenticate": "Bearer"},
    )


def _key(headers: Mapping[str, str]) -> str | None:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return headers.get("x-api-key")


async def _healthz(request: Request) -> Response:  # noqa: ARG001  # the signature of an endpoint
    return JSONResponse({"status": "ok"})
