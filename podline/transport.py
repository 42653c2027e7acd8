"""How requests are sent: in a thread that blocks, or in a task of asyncio.

Both have the same coroutines. Those of the blocking transport never suspend.
"""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Final, ParamSpec, Protocol, Self, TypeVar

import httpx

P = ParamSpec("P")
T = TypeVar("T")


class Transport(Protocol):
    """What the calls need of the network, of the clock and of threads."""

    @property
    def http(self) -> httpx.Client | httpx.AsyncClient: ...

    @property
    def blocks(self) -> bool:
        """Whether the coroutines run to their end without being suspended."""

    async def send(self, request: httpx.Request) -> httpx.Response:
        """Return the response once its headers have arrived."""

    def chunks(self, response: httpx.Response) -> AsyncIterator[bytes]:
        """Iterate over the body of the response."""

    async def drop(self, response: httpx.Response) -> None:
        """End the response, whether it was read or not."""

    async def close(self) -> None:
        """Close all connections."""

    async def sleep(self, seconds: float) -> None:
        """Pause."""

    async def apart(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function that may take long, such as one that reads files."""


class BlockingTransport:
    """Blocks the thread. Thread-safe."""

    blocks: Final = True

    def __init__(self, **options: Any) -> None:
        self.http: Final = httpx.Client(**options)

    async def send(self, request: httpx.Request) -> httpx.Response:
        return self.http.send(request, stream=True)

    def chunks(self, response: httpx.Response) -> AsyncIterator[bytes]:
        return _Chunks(response.iter_bytes())

    async def drop(self, response: httpx.Response) -> None:
        response.close()

    async def close(self) -> None:
        self.http.close()

    async def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    async def apart(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return function(*args, **kwargs)


class _Chunks:
    """A blocking iterator in the form of an asynchronous one."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        for chunk in self._chunks:
            return chunk
        raise StopAsyncIteration
