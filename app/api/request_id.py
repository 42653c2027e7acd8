"""`X-Request-Id` on every response, so that a client's report can be found in the log."""

import re
import secrets
from typing import Final

from flask import Flask, Response, g, request

HEADER: Final = "X-Request-Id"
_SANE: Final = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")


def register(app: Flask) -> None:
    app.before_request(_begin)
    app.after_request(_tell)


def _begin() -> None:
    given = request.headers.get(HEADER, "")
    g.request_id = given if _SANE.fullmatch(given) else secrets.token_hex(16)


def _tell(response: Response) -> Response:
    response.headers[HEADER] = g.request_id
    return response
