"""Whose request it is: a key (`Authorization: Bearer` or `X-API-Key`), or a session's cookie."""

import hmac
from typing import Final

from flask import request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from app.domain.api_key import ApiKey, Role
from app.domain.errors import Forbidden, OnlyForDoor, Unavailable
from app.domain.session import Session
from app.ports import Keys, Sessions
from app.service import keys
from app.service import sessions as service

COOKIE: Final = "podline_session"
SECURE_COOKIE: Final = f"__Host-{COOKIE}"
"""Over HTTPS: browsers accept this prefix from this host alone, and only with `Secure`
(RFC 6265bis, section 4.1.3.2)."""
CSRF_HEADER: Final = "X-CSRF-Token"
CHANGES_NOTHING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def caller(stored: Keys, sessions: Sessions) -> ApiKey:
    """The request's key. Raises Unauthorized without one.

    A request with a cookie that changes something needs the session's CSRF token, which no other
    site knows. Raises Forbidden without it.
    """
    return _by_secret(stored) if secret() else _by_cookie(stored, sessions)


def is_operator(stored: Keys, sessions: Sessions) -> bool:
    """Whether a request that needs no key has an operator's, or an admin's.

    False also while keys can't be checked.
    """
    if not secret() and not session_secret():
        return False
    try:
        return caller(stored, sessions).role.includes(Role.OPERATOR)
    except (Unauthorized, OnlyForDoor, Unavailable):
        return False


def check_role(key: ApiKey, role: Role) -> None:
    """Raises Forbidden if the key's role is below this one."""
    if not key.role.includes(role):
        raise Forbidden(f"this needs a key with the role {role}")


def of_the_api(key: ApiKey) -> ApiKey:
    """The key. Raises OnlyForDoor if it opens only a door."""
    if key.door is not None:
        raise OnlyForDoor(
            f"this key opens only the door {key.door}: use a key that was created without a door"
        )
    return key


def secret() -> str:
    """The key in the request's headers, or an empty text."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return given.strip()
    return request.headers.get("X-API-Key", "")


def cookie_name() -> str:
    return SECURE_COOKIE if is_encrypted() else COOKIE


def is_encrypted() -> bool:
    """Whether the browser uses HTTPS, here or as far as a proxy.

    A client that lies about what a proxy says keeps only its own cookie from itself.
    """
    first = request.headers.get("X-Forwarded-Proto", "").partition(",")[0]  # Of several proxies.
    return request.is_secure or first.strip().lower() == "https"


def session_secret() -> str:
    """The secret in the session's cookie, or an empty text."""
    return request.cookies.get(cookie_name(), "")


def session(stored: Keys, sessions: Sessions) -> tuple[Session, ApiKey]:
    """The session of the request's cookie. Raises Unauthorized."""
    given = session_secret()
    if not given:
        raise unauthorized("send a key: `Authorization: Bearer <key>` or `X-API-Key: <key>`")
    found = service.find(sessions, stored, given)
    if found is None:
        raise unauthorized("the session has ended: sign in again")
    return found


def unauthorized(detail: str) -> Unauthorized:
    return Unauthorized(detail, www_authenticate=WWWAuthenticate("bearer"))


def _by_secret(stored: Keys) -> ApiKey:
    key = keys.authenticate(stored, secret())
    if key is None:
        raise unauthorized("this key is not valid")
    return of_the_api(key)


def _by_cookie(stored: Keys, sessions: Sessions) -> ApiKey:
    found, key = session(stored, sessions)
    if request.method not in CHANGES_NOTHING:
        _check_csrf(found)
    return key


def _check_csrf(session: Session) -> None:
    given = request.headers.get(CSRF_HEADER, "")
    if not hmac.compare_digest(given.encode(), session.csrf_token.encode()):
        raise Forbidden(f"send the session's csrf_token in {CSRF_HEADER}")
