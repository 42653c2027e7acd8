"""Sends requests in tasks of asyncio."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, Final, ParamSpec, TypeVar

import httpx

from podline.errors import PodlineError

P = ParamSpec("P")
T = TypeVar("T")


class AsyncioTransport:
    """Suspends the task. All tasks must belong to one event loop."""

    blocks: Final = False

    def __init__(self, **options: Any) -> None:
        self.http: Final = httpx.AsyncClient(**options)
        self._loop: asyncio.AbstractEventLoop | None = None

    async def send(self, request: httpx.Request) -> httpx.Response:
        loop = asyncio.get_running_loop()
        self._loop = self._loop or loop
        if self._loop is not loop:
            raise PodlineError("this client was used in another event loop: create one in each")
        return await self.http.send(request, stream=True)

    def chunks(self, response: httpx.Response) -> AsyncIterator[bytes]:
        return response.aiter_bytes()

    async def drop(self, response: httpx.Response) -> None:
        await response.aclose()

    async def close(self) -> None:
        await self.http.aclose()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def apart(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.to_thread(function, *args, **kwargs)
