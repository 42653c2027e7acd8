"""Where clients of other systems put a key."""

from flask import request


def sent_secret(*headers: str) -> str:
    """The key in one of these headers, in `Authorization` or in `X-API-Key`, or an empty text.

    `Authorization` may have the key alone, as clients of Piston send it.
    """
    for name in (*headers, "X-API-Key"):
        if found := request.headers.get(name, "").strip():
            return found
    scheme, _, given = request.headers.get("Authorization", "").strip().partition(" ")
    return given.strip() if scheme.lower() == "bearer" else scheme
