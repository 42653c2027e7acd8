"""Browser sessions in Redis, which expire there."""

from importlib.resources import files
from typing import cast

import redis

from app.domain.session import Session
from app.infrastructure import codec
from app.infrastructure.redis.connection import raises_unavailable


class RedisSessions:
    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        source = files(__package__).joinpath("sessions.lua").read_text(encoding="utf-8")
        self._put = client.register_script(source)

    @raises_unavailable
    def put(self, secret_hash: str, session: Session, ttl_seconds: float, most: int) -> None:
        value = codec.SESSION.dump_json(session)
        milliseconds = max(1, int(ttl_seconds * 1000))
        self._put(keys=[_key(secret_hash), _group(session)], args=[value, milliseconds, most])

    @raises_unavailable
    def get(self, secret_hash: str) -> Session | None:
        return _session(self._client.get(_key(secret_hash)))

    @raises_unavailable
    def take(self, secret_hash: str) -> Session | None:
        session = _session(self._client.getdel(_key(secret_hash)))
        if session is not None:
            self._client.zrem(_group(session), _key(secret_hash))
        return session


def _key(secret_hash: str) -> str:
    return f"podline:session:{secret_hash}"


def _group(session: Session) -> str:
    kind = "sign-in" if session.for_sign_in else "session"
    return f"podline:sessions:{kind}:{session.secret_hash}"


def _session(found: object) -> Session | None:
    return codec.SESSION.validate_json(cast(str, found)) if found else None
