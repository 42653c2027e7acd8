"""The key of a request: `Authorization: Bearer <key>` or `X-API-Key: <key>`."""

from flask import request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from app.domain.api_key import ApiKey, Role
from app.domain.errors import Forbidden
from app.ports import Keys
from app.service import keys


def caller(stored: Keys, role: Role) -> ApiKey:
    """The request's key. Raises Unauthorized without one, and Forbidden beyond its role."""
    secret = _secret()
    if not secret:
        raise _unauthorized("send a key: `Authorization: Bearer <key>` or `X-API-Key: <key>`")
    key = keys.authenticate(stored, secret)
    if key is None:
        raise _unauthorized("this key is not valid")
    if not key.role.includes(role):
        raise Forbidden(f"this needs a key with the role {role}")
    return key


def _secret() -> str:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return secret.strip()
    return request.headers.get("X-API-Key", "")


def _unauthorized(detail: str) -> Unauthorized:
    return Unauthorized(detail, www_authenticate=WWWAuthenticate("bearer"))
