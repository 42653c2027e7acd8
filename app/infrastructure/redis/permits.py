"""Permits to send callbacks, which all workers share in Redis."""

import logging
import secrets
from functools import partial
from importlib.resources import files
from typing import Final

import redis

from app.domain.errors import CoordinationUnavailable
from app.infrastructure.breaker import Breaker
from app.infrastructure.permits import AT_ONCE, PER_HOST, PER_OWNER, GiveBack, Held, OwnPermits
from app.infrastructure.redis.connection import raises_unavailable

log = logging.getLogger(__name__)

HELD: Final = "podline:callbacks"
SECONDS: Final = 15.0
"""After which a permit expires: more than a delivery and its record take. A worker that dies keeps
its permits for this long.
"""


class RedisPermits:
    """While Redis is down, each process has its own permits."""

    def __init__(self, client: redis.Redis, seconds: float = SECONDS) -> None:
        self._client = client
        self._seconds = seconds
        source = files(__package__).joinpath("permits.lua").read_text(encoding="utf-8")
        self._take = client.register_script(source)
        self._own = OwnPermits()
        self._breaker = Breaker()

    def take(self, wanted: Held) -> GiveBack | None:
        if not self._breaker.allows_call():
            return self._own.take(wanted)
        token = secrets.token_hex(8)
        try:
            taken = self._take_shared(token, wanted)
        except CoordinationUnavailable as error:
            if self._breaker.failed():
                log.warning("this process counts callbacks for itself: %s", error)
            return self._own.take(wanted)
        self._breaker.succeeded()
        return partial(self._give_back, _permit(token, wanted)) if taken else None

    @raises_unavailable
    def _take_shared(self, token: str, wanted: Held) -> bool:
        limits = (AT_ONCE, PER_OWNER, PER_HOST, self._seconds)
        return bool(self._take(keys=[HELD], args=[*limits, token, *wanted]))

    def _give_back(self, permit: str) -> None:
        try:
            self._remove(permit)
        except CoordinationUnavailable as error:
            log.warning("a permit to send a callback is held until it expires: %s", error)

    @raises_unavailable
    def _remove(self, permit: str) -> None:
        self._client.zrem(HELD, permit)


def _permit(token: str, held: Held) -> str:
    return "\n".join((token, *held))
