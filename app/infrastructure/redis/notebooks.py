"""Notebooks in Redis, which expire there."""

from typing import cast

import redis

from app.infrastructure.redis.connection import raises_unavailable


class RedisNotebooks:
    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    @raises_unavailable
    def put(self, notebook_hash: str, execution_id: str, ttl_seconds: float) -> None:
        milliseconds = max(1, int(ttl_seconds * 1000))
        self._client.set(_key(notebook_hash), execution_id, px=milliseconds)

    @raises_unavailable
    def get(self, notebook_hash: str) -> str | None:
        return cast("str | None", self._client.get(_key(notebook_hash)))

    @raises_unavailable
    def remove(self, notebook_hash: str) -> None:
        self._client.delete(_key(notebook_hash))


def _key(notebook_hash: str) -> str:
    return f"podline:notebook:{notebook_hash}"
