"""`X-Request-Id` on every response, so that a client's report can be found in the log."""

import re
import secrets
from typing import Final

from flask import Flask, Response, g, request

HEADER: Final = "X-Request-Id"
_SANE: Final = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")


def register(app: Flask) -> None:
    app.before_request(_begin)
    app.after_request(_add_header)


def chosen(given: str) -> str:
    """The client's own id, if it is one that a log can show; else a new one."""
    return given if _SANE.fullmatch(given) else secrets.token_hex(16)


def _begin() -> None:
    g.request_id = chosen(request.headers.get(HEADER, ""))


def _add_header(response: Response) -> Response:
    response.headers[HEADER] = g.request_id
    return response
