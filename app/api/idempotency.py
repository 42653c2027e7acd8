"""The Idempotency-Key of a request."""

from typing import Final

from flask import request
from werkzeug.exceptions import BadRequest

from app.domain.checks import NOT_SHOWABLE

NAME: Final = "Idempotency-Key"
_CHARACTERS: Final = 255


def idempotency_key() -> str | None:
    """Raises BadRequest."""
    key = request.headers.get(NAME)
    if key is None:
        return None
    if not 0 < len(key) <= _CHARACTERS:
        raise BadRequest(f"{NAME} must have 1 to {_CHARACTERS} characters")
    if NOT_SHOWABLE.search(_header_text(key)):
        raise BadRequest(f"{NAME} must not contain control characters")
    return key


def _header_text(value: str) -> str:
    """WSGI decodes headers as Latin-1 (PEP 3333), though most clients mean UTF-8."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value
