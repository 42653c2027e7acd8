"""The real API on twins, and the MCP client of the official package in front of our server."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

import pytest
from mcp import Client

from app.domain.execution import State
from app.infrastructure.memory.runtime import Script
from app.mcp.server import make_server
from podline import AsyncClient
from tests.support.service import Service

Connecting = Callable[[], AbstractAsyncContextManager[Client]]


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as service:
        yield service


both_eras: Final = pytest.mark.parametrize("connecting", ["legacy", "2026-07-28"], indirect=True)
"""Run a test once with a client of each era of the protocol."""


@pytest.fixture
def connecting(service: Service, request: pytest.FixtureRequest) -> Connecting:
    server = make_server(lambda _: AsyncClient(service.url, service.key))
    return lambda: Client(server, mode=getattr(request, "param", "auto"))


def scripted(service: Service, **script: Any) -> None:
    """Choose what all programs do."""
    service.twins.runtime.script = lambda _: Script(**script)


class Reports:
    """What a call reports of its progress."""

    def __init__(self) -> None:
        self.all: list[tuple[float, float | None, str | None]] = []
        self.begun = asyncio.Event()

    async def __call__(self, progress: float, total: float | None, message: str | None) -> None:
        self.all.append((progress, total, message))
        self.begun.set()


async def leave_a_call(client: Client, service: Service) -> None:
    """Cancel a call of `run_code`, and wait until its execution is cancelled, too."""
    reports = Reports()
    calling = asyncio.ensure_future(
        client.call_tool("run_code", {"code": ""}, progress_callback=reports)
    )
    await reports.begun.wait()
    calling.cancel()
    await asyncio.wait([calling])
    while service.submitted()[0].state is not State.CANCELLED:
        await asyncio.sleep(0.01)
