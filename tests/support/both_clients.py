"""Runs the same tests with both clients."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from inspect import iscoroutine
from types import TracebackType
from typing import Any, Self, cast

from podline import AsyncClient, Client
from podline.calls import Calls

Connect = Callable[..., Client]
"""Creates a client. Takes the arguments of `Client`."""
KINDS = ("blocking", "asyncio")


def connecting(kind: str, runner: asyncio.Runner) -> Connect:
    """Create clients of this kind. An AsyncClient takes the form of a Client, for the tests."""
    if kind == "blocking":
        return Client
    return lambda *args, **options: cast(Client, _InALoop(AsyncClient(*args, **options), runner))


class _InALoop:
    """Awaits whatever a method of an AsyncClient returns."""

    def __init__(self, calls: Calls[Any], runner: asyncio.Runner) -> None:
        self._calls = calls
        self._runner = runner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._calls, name)
        if isinstance(found, Calls):
            return _InALoop(found, self._runner)
        return self._awaiting(found) if callable(found) else found

    def _awaiting(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any, **options: Any) -> Any:
            returned = method(*args, **options)
            if iscoroutine(returned):
                return self._runner.run(returned)
            assert isinstance(returned, AsyncGenerator)
            return self._each(returned)

        return called

    def _each(self, items: AsyncGenerator[Any, None]) -> Iterator[Any]:
        async def step() -> Any:
            return await anext(items)

        try:
            while True:
                yield self._runner.run(step())
        except StopAsyncIteration:
            return
        finally:
            self._runner.run(items.aclose())

    def __enter__(self) -> Self:
        self._runner.run(self._calls.__aenter__())  # type: ignore[attr-defined]  # an AsyncClient
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._runner.run(self._calls.__aexit__(kind, error, traceback))  # type: ignore[attr-defined]  # an AsyncClient
