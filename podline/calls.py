"""One definition of each call, for the client that blocks and for the one that is awaited.

A call is written once, as a coroutine or an asynchronous generator. `AsyncClient` has it as it is.
In `Client`, the transport blocks instead of suspending, so the coroutine runs to its end in one go.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
from functools import update_wrapper, wraps
from types import MethodType
from typing import Any, Concatenate, Generic, ParamSpec, TypeAlias, TypeVar, cast, overload

from podline.checking import checked
from podline.connection import Connection

P = ParamSpec("P")
T = TypeVar("T")

Items: TypeAlias = AsyncGenerator[T, None]
"""Several values, each fetched when it is needed: `for` with Client, `async for` with AsyncClient.
"""


class Blocks:
    """The calls of a `Client`: each returns its value."""


class Awaits:
    """The calls of an `AsyncClient`: each returns an awaitable of its value."""


Mode = TypeVar("Mode", Blocks, Awaits)


class Calls(Generic[Mode]):
    """Calls that share a connection."""

    _blocks: bool = False

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._blocks = connection.blocks


class call(Generic[P, T]):  # noqa: N801  # a decorator
    """Makes a coroutine function a method of both clients."""

    def __init__(self, function: Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]) -> None:
        self._awaited = _awaiting(function)
        self._blocking = _returning(self._awaited)
        update_wrapper(cast(Callable[..., object], self), function)

    @overload
    def __get__(self, instance: None, owner: type[Any]) -> Callable[..., Any]: ...
    @overload
    def __get__(self, instance: Calls[Blocks], owner: type[Any]) -> Callable[P, T]: ...
    @overload
    def __get__(
        self, instance: Calls[Awaits], owner: type[Any]
    ) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, instance: Calls[Any] | None, owner: type[Calls[Any]]) -> Callable[..., Any]:
        return _chosen(instance, owner, self._blocking, self._awaited)


class iteration(Generic[P, T]):  # noqa: N801  # a decorator
    """Makes an asynchronous generator function a method of both clients."""

    def __init__(self, function: Callable[Concatenate[Any, P], AsyncGenerator[T, None]]) -> None:
        self._awaited = checked(function)
        self._blocking = _yielding(self._awaited)
        update_wrapper(cast(Callable[..., object], self), function)

    @overload
    def __get__(self, instance: None, owner: type[Any]) -> Callable[..., Any]: ...
    @overload
    def __get__(
        self, instance: Calls[Blocks], owner: type[Any]
    ) -> Callable[P, Generator[T, None, None]]: ...
    @overload
    def __get__(
        self, instance: Calls[Awaits], owner: type[Any]
    ) -> Callable[P, AsyncGenerator[T, None]]: ...
    def __get__(self, instance: Calls[Any] | None, owner: type[Calls[Any]]) -> Callable[..., Any]:
        return _chosen(instance, owner, self._blocking, self._awaited)


def _chosen(
    instance: Calls[Any] | None,
    owner: type[Calls[Any]],
    blocking: Callable[..., Any],
    awaited: Callable[..., Any],
) -> Callable[..., Any]:
    holder = owner if instance is None else instance
    function = blocking if holder._blocks else awaited
    return function if instance is None else MethodType(function, instance)


def _awaiting(
    function: Callable[Concatenate[Any, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]:
    called = checked(function)

    @wraps(function)
    async def awaiting(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await called(self, *args, **kwargs)

    return awaiting


def _returning(
    function: Callable[Concatenate[Any, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[Any, P], T]:
    @wraps(function)
    def blocking(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return run_at_once(function(self, *args, **kwargs))

    return blocking


def _yielding(
    function: Callable[Concatenate[Any, P], AsyncGenerator[T, None]],
) -> Callable[Concatenate[Any, P], Generator[T, None, None]]:
    @wraps(function)
    def blocking(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> Generator[T, None, None]:
        items = function(self, *args, **kwargs)
        try:
            while True:
                yield run_at_once(anext(items))
        except StopAsyncIteration:
            return
        finally:
            run_at_once(items.aclose())

    return blocking


def run_at_once(awaitable: Awaitable[T]) -> T:
    """Run a coroutine that never suspends, and return its value."""
    steps = awaitable.__await__()
    try:
        next(steps)
    except StopIteration as end:
        value: T = end.value
        return value
    raise RuntimeError("a call of the blocking client was suspended")
