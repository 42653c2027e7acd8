"""Judge0's second key, `X-Auth-User`, which lets a client list and delete."""

from flask import request

from app.api.context import Call
from app.domain.api_key import ApiKey, Role
from app.domain.errors import Forbidden
from app.service import keys

_HEADER = "X-Auth-User"


def acting(call: Call) -> ApiKey | None:
    """The key whose role counts: that of the header, or the caller's own. None if it is invalid."""
    secret = request.headers.get(_HEADER) or request.args.get(_HEADER)
    return keys.authenticate(call.ports.store.keys, secret) if secret else call.caller


def operator(call: Call) -> ApiKey:
    """The acting key, which must have the role operator. Raises Forbidden.

    No key of a door has that role.
    """
    key = acting(call)
    if key is None or not key.role.includes(Role.OPERATOR):
        raise Forbidden(f"this needs a key with the role operator, in {_HEADER}")
    return key
