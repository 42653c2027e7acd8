"""Judge0's second key, `X-Auth-User`, which lets a client list and delete."""

from flask import request

from app.api.context import Call
from app.domain.api_key import ApiKey, Role
from app.domain.errors import Forbidden
from app.service import keys

_HEADER = "X-Auth-User"


def operator(call: Call) -> ApiKey:
    """The key with the role operator: that of the header, or the caller's own. Raises Forbidden.

    No key of a door has that role.
    """
    secret = request.headers.get(_HEADER) or request.args.get(_HEADER)
    key = keys.authenticate(call.ports.store.keys, secret) if secret else call.caller
    if key is None or not key.role.includes(Role.OPERATOR):
        raise Forbidden(f"this needs a key with the role operator, in {_HEADER}")
    return key
