"""The clients for Podline's API."""

import os
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from podline.about import AboutCalls
from podline.bulk import BulkCalls
from podline.calls import Awaits, Blocks, Mode, call
from podline.checking import check
from podline.connection import Connection
from podline.operators import AuditLog, DeadLetters, EventLog, Keys, Replays
from podline.submitting import SubmittingCalls
from podline.transport import BlockingTransport, Transport

DEFAULT_URL: Final = "http://127.0.0.1:8000"


class ServiceCalls(SubmittingCalls[Mode], BulkCalls[Mode], AboutCalls[Mode]):
    """All calls of a client. `AsyncClient` has the same ones as `Client`, to be awaited.

    Every call takes a `timeout` in seconds. For those that wait for the end of an execution (`run`,
    `judge`, `wait`, `stream` and `as_completed`), it is the longest wait, after which they raise
    WaitTimeout. For the others, it replaces the client's timeout, and covers all requests that the
    call makes; then they raise Unreachable. Where a call yields items of a list, it is that of each
    page.
    """

    audit_log: AuditLog[Mode]
    """What operators and admins changed."""
    dead_letters: DeadLetters[Mode]
    """What failed and is not repaired by itself."""
    event_log: EventLog[Mode]
    """The events of all executions."""
    replays: Replays[Mode]
    """Replays of the event log."""
    keys: Keys[Mode]
    """The API keys of the service."""

    def __init__(
        self,
        transport: Callable[..., Transport],
        url: str | None,
        key: str | None,
        timeout: float,
        retries: int,
    ) -> None:
        check(str | None, url, "url")
        check(str | None, key, "key")
        check(float, timeout, "timeout")
        check(int, retries, "retries")
        self.url: Final = url or os.environ.get("PODLINE_URL") or DEFAULT_URL
        key = key or os.environ.get("PODLINE_KEY")
        connection = Connection(self.url, key, timeout, retries, transport)
        super().__init__(connection)
        self.audit_log = AuditLog(connection)
        self.dead_letters = DeadLetters(connection)
        self.event_log = EventLog(connection)
        self.replays = Replays(connection)
        self.keys = Keys(connection)

    @call
    async def close(self) -> None:
        """Close all connections. The client can't be used afterwards."""
        await self._connection.close()


class Client(ServiceCalls[Blocks]):
    """A thread-safe client for one service. Close it after use, or use it in a `with` block.

    `url` and `key` default to PODLINE_URL (or http://127.0.0.1:8000) and PODLINE_KEY. `timeout` is
    the number of seconds that the service may stay silent. Requests that are safe to repeat are
    repeated up to `retries` times, with growing pauses or after `Retry-After`. The constructor and
    all methods raise only the errors in `podline.errors`, and OSError for files on this machine.
    """

    _blocks = True

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        timeout: float = 10.0,
        retries: int = 4,
    ) -> None:
        super().__init__(BlockingTransport, url, key, timeout, retries)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class AsyncClient(ServiceCalls[Awaits]):
    """A client for one service, for asyncio. Close it, or use it in an `async with` block.

    Its calls and arguments are those of `Client`. Await each call; iterate with `async for`. Use
    it in one event loop, by any number of tasks. Cancelling a task closes the task's connection.
    """

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        timeout: float = 10.0,
        retries: int = 4,
    ) -> None:
        from podline.asyncio_transport import AsyncioTransport  # asyncio takes 40 ms to import

        super().__init__(AsyncioTransport, url, key, timeout, retries)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
