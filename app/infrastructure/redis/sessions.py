"""Browser sessions in Redis, which expire there."""

from typing import cast

import redis

from app.domain.session import Session
from app.infrastructure import codec
from app.infrastructure.redis.connection import raises_unavailable


class RedisSessions:
    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    @raises_unavailable
    def put(self, secret_hash: str, session: Session, ttl_seconds: float) -> None:
        value = codec.SESSION.dump_json(session)
        self._client.set(_key(secret_hash), value, px=max(1, int(ttl_seconds * 1000)))

    @raises_unavailable
    def get(self, secret_hash: str) -> Session | None:
        return _session(self._client.get(_key(secret_hash)))

    @raises_unavailable
    def take(self, secret_hash: str) -> Session | None:
        return _session(self._client.getdel(_key(secret_hash)))


def _key(secret_hash: str) -> str:
    return f"podline:session:{secret_hash}"


def _session(found: object) -> Session | None:
    return codec.SESSION.validate_json(cast(str, found)) if found else None
