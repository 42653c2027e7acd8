"""Sessions of browsers, which don't keep a key: it could be read by a script.

A session has the rights of its key, and ends with it. Sign-in tokens are used once, in a link.
Both are secrets of 256 random bits, kept as hashes in Redis, so a loss of its data ends them.
"""

import hashlib
import secrets as random
from dataclasses import dataclass
from typing import Final

from app.domain.api_key import ApiKey
from app.domain.errors import CoordinationUnavailable
from app.domain.session import Session
from app.ports import Clock, Keys, Sessions
from app.service.transitions import in_seconds

SESSION_SECONDS: Final = 12 * 3600.0
SIGN_IN_SECONDS: Final = 300.0
MOST: Final = 100
"""Sessions of a key at once, and as many sign-in tokens. A new one ends the oldest."""
SIGN_IN_PREFIX: Final = "pds_"
"""Distinguishes a sign-in token from a key."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A new session, or sign-in token, and the secret that is shown once."""

    session: Session
    secret: str


def begin(sessions: Sessions, clock: Clock, key: ApiKey) -> Begun:
    """A session with the rights of this key. Raises CoordinationUnavailable."""
    return _begun(sessions, clock, key, SESSION_SECONDS)


def sign_in_token(sessions: Sessions, clock: Clock, key: ApiKey) -> Begun:
    """A token that begins one session within five minutes. Raises CoordinationUnavailable."""
    return _begun(sessions, clock, key, SIGN_IN_SECONDS, for_sign_in=True)


def use_token(sessions: Sessions, keys: Keys, token: str) -> ApiKey | None:
    """The key that the sign-in token stands for, once; None if it is not valid."""
    if not token.startswith(SIGN_IN_PREFIX):
        return None
    session = sessions.take(_hash(token))
    return None if session is None else keys.by_hash(session.secret_hash)


def find(sessions: Sessions, keys: Keys, secret: str) -> tuple[Session, ApiKey] | None:
    """A session that has neither expired nor ended, with its key."""
    if secret.startswith(SIGN_IN_PREFIX):
        return None
    session = sessions.get(_hash(secret))
    key = None if session is None else keys.by_hash(session.secret_hash)
    return None if session is None or key is None else (session, key)


def lasts(sessions: Sessions, secret: str) -> bool:
    """Whether the session has not ended. It lasts while Redis is unavailable."""
    try:
        return sessions.get(_hash(secret)) is not None
    except CoordinationUnavailable:
        return True


def end(sessions: Sessions, secret: str) -> None:
    sessions.take(_hash(secret))


def _begun(
    sessions: Sessions, clock: Clock, key: ApiKey, seconds: float, *, for_sign_in: bool = False
) -> Begun:
    secret = (SIGN_IN_PREFIX if for_sign_in else "") + random.token_urlsafe(32)
    session = Session(
        secret_hash=key.secret_hash,
        csrf_token=random.token_urlsafe(32),
        expires_at=in_seconds(clock, seconds),
        for_sign_in=for_sign_in,
    )
    sessions.put(_hash(secret), session, seconds, MOST)
    return Begun(session, secret)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
