"""/api/v1/session: browsers sign in with a key or a link, and keep only a cookie."""

from typing import Final

from werkzeug.http import dump_cookie

from app.api import audit, auth, operator_schemas, rate_limits, representation
from app.api.context import Call, Context
from app.api.operations import Answer, Section
from app.domain.api_key import ApiKey
from app.domain.errors import Forbidden
from app.domain.session import Session
from app.service import keys
from app.service import sessions as service

_PATH: Final = "/api/v1/session"
_SIGN_IN: Final = f"POST {_PATH}"

sign_in = Section("Sessions", _PATH, role=None)
sessions = Section("Sessions", _PATH)


@sign_in.operation(
    "POST",
    "",
    {201: operator_schemas.Session},
    errors=(401, 403, 429),
    headers=("Authorization", "X-API-Key"),
    sends={201: ("Set-Cookie",)},
)
def begin(context: Context) -> Answer:
    """Begin a session with a key, or with a sign-in token in its place.

    The response sets the cookie `podline_session` (over HTTPS, `__Host-podline_session`), which
    other sites can't send and scripts can't read, and ends the session of the cookie that it
    replaces. Every request with the cookie that changes something needs `csrf_token` in the header
    `X-CSRF-Token`. The session ends after 12 hours, once its key is deleted, or once the key has
    100 newer ones.
    """
    ports = context.ports
    key = _signed_in(context)
    rate_limits.count(Call(context, key))
    audit.begin_sign_in(context, _SIGN_IN, key)
    service.end(ports.sessions, auth.session_secret())
    begun = service.begin(ports.sessions, ports.clock, key)
    cookie = _cookie(begun.secret, int(service.SESSION_SECONDS))
    return Answer(_shown(begun.session, key), 201, {"Set-Cookie": cookie})


def _signed_in(context: Context) -> ApiKey:
    stored, secret = context.ports.store.keys, auth.secret()
    if not secret:
        raise auth.unauthorized("send a key or a sign-in token: `Authorization: Bearer <key>`")
    key = keys.authenticate(stored, secret) or service.use_token(
        context.ports.sessions, stored, secret
    )
    if key is None:
        audit.begin_sign_in(context, _SIGN_IN, None)
        raise auth.unauthorized("this key or sign-in token is not valid")
    return auth.of_the_api(key)


@sign_in.operation("GET", "", {200: operator_schemas.Session}, errors=(401, 429))
def get(context: Context) -> operator_schemas.Session:
    """The session of the cookie, with its `csrf_token`, for a page that was loaded again."""
    found, key = auth.session(context.ports.store.keys, context.ports.sessions)
    rate_limits.count(Call(context, key))
    return _shown(found, key)


@sessions.operation(
    "DELETE", "", {204: None}, headers=(auth.CSRF_HEADER,), sends={204: ("Set-Cookie",)}
)
def end(call: Call) -> Answer:
    """End the session of the cookie, and remove the cookie."""
    service.end(call.ports.sessions, auth.session_secret())
    return Answer(None, 204, {"Set-Cookie": _cookie("", 0)})


@sessions.operation("POST", "/token", {201: operator_schemas.SignInToken})
def token(call: Call) -> Answer:
    """A token that begins one session of the same key within five minutes: for a link.

    This needs the key itself: what a session created would outlast it.
    """
    if not auth.secret():
        raise Forbidden("a sign-in token needs a key, not a session")
    begun = service.sign_in_token(call.ports.sessions, call.ports.clock, call.caller)
    expires_at = representation.moment(begun.session.expires_at)
    return Answer(operator_schemas.SignInToken(token=begun.secret, expires_at=expires_at), 201)


def _cookie(value: str, seconds: int) -> str:
    """`Secure` over HTTPS; a service on a laptop has none."""
    return dump_cookie(
        auth.cookie_name(),
        value,
        max_age=seconds,
        path="/",
        secure=auth.is_encrypted(),
        httponly=True,
        samesite="Strict",
    )


def _shown(session: Session, key: ApiKey) -> operator_schemas.Session:
    return operator_schemas.Session(
        name=key.name,
        role=key.role,
        csrf_token=session.csrf_token,
        expires_at=representation.moment(session.expires_at),
    )
