"""The client that all Redis adapters share, and the translation of its errors into ours."""

from collections.abc import Callable
from functools import wraps
from typing import Final, ParamSpec, TypeVar

import redis
from redis.backoff import NoBackoff
from redis.exceptions import ClusterDownError, InvalidResponse, TryAgainError
from redis.retry import Retry

from app.domain.errors import CoordinationUnavailable
from app.infrastructure.dependencies import REDIS

CONNECT_TIMEOUT: Final = 0.5
READ_TIMEOUT: Final = 1.0

P = ParamSpec("P")
T = TypeVar("T")


def connect(url: str) -> redis.Redis:
    """Return a client for `redis://`, `rediss://` or `unix://`, which connects on first use.

    It is thread-safe. If the server closed a connection, one retry follows without a pause; a
    timeout isn't retried.
    """
    return redis.Redis.from_url(
        url,
        decode_responses=True,
        socket_connect_timeout=CONNECT_TIMEOUT,
        socket_timeout=READ_TIMEOUT,
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
    )


def raises_unavailable(method: Callable[P, T]) -> Callable[P, T]:
    """Raise CoordinationUnavailable if Redis is down, too slow, loading, full or read-only.

    Any other error is a bug of ours, and is raised unchanged.
    """

    @wraps(method)
    def translated(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            returned = method(*args, **kwargs)
        except redis.RedisError as error:
            if not _says_unavailable(error):
                raise
            ours = CoordinationUnavailable(f"{type(error).__name__}: {error}")
            raise REDIS.down(ours) from error
        REDIS.up()
        return returned

    return translated


def _says_unavailable(error: redis.RedisError) -> bool:
    return isinstance(error, _UNAVAILABLE) or str(error).startswith(_UNAVAILABLE_CODES)


_UNAVAILABLE: Final = (
    redis.ConnectionError,
    redis.TimeoutError,
    redis.OutOfMemoryError,
    redis.ReadOnlyError,
    ClusterDownError,
    TryAgainError,
    InvalidResponse,
)
_UNAVAILABLE_CODES: Final = ("BUSY ", "MISCONF ", "NOREPLICAS ")
"""The first words of errors for which redis-py has no class.

https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors
"""
