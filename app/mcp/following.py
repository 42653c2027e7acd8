"""How a call waits for the end of an execution."""

import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any, Final

import anyio
from mcp.server.mcpserver import Context

from podline import (
    AsyncClient,
    Execution,
    OutputEvent,
    PodlineError,
    ResultEvent,
    StateEvent,
    WaitTimeout,
)

_BETWEEN_REPORTS: Final = 0.5
"""Seconds."""
_TO_CANCEL: Final = 5.0
"""Seconds that a call which was itself cancelled takes at most to cancel its execution."""


async def followed(
    client: AsyncClient, execution: Execution, ctx: Context[Any, Any], wait_seconds: float
) -> Execution:
    """Return the execution once it has ended, or as it is after `wait_seconds`."""
    progress = _Progress(ctx)
    try:
        async with aclosing(client.stream(execution.id, timeout=wait_seconds)) as events:
            async for event in events:
                if isinstance(event, ResultEvent):
                    return event.execution
                await progress.report(event)
    except WaitTimeout:
        pass  # the answer says that it hasn't ended
    return await client.get(execution.id)


class _Progress:
    """Reports states, and from time to time how much the program has printed."""

    def __init__(self, ctx: Context[Any, Any]) -> None:
        self._ctx = ctx
        self._started = time.monotonic()
        self._state = "queued"
        self._attempt = 1
        self._printed: dict[str, int] = {}
        """Bytes by stream."""
        self._reported = 0.0

    async def report(self, event: object) -> None:
        now = time.monotonic()
        match event:
            case StateEvent(state=state, attempt=attempt):
                self._state = state
                if attempt != self._attempt:
                    self._attempt, self._printed = attempt, {}
            case OutputEvent(stream=stream, offset=offset, content=content):
                self._printed[stream] = offset + len(content)
                if now - self._reported < _BETWEEN_REPORTS:
                    return
            case _:
                return
        self._reported = now
        size = sum(self._printed.values())
        printed = f", {size:,} bytes printed" if size else ""
        await self._ctx.report_progress(now - self._started, None, self._state + printed)


@asynccontextmanager
async def cancelled_with_the_call(client: AsyncClient, execution_id: str) -> AsyncIterator[None]:
    try:
        yield
    except anyio.get_cancelled_exc_class():
        with anyio.move_on_after(_TO_CANCEL, shield=True):
            with suppress(PodlineError):  # it has ended, or its own time limit ends it
                await client.cancel(execution_id)
        raise
