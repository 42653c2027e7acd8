"""The Idempotency-Key of a request."""

from typing import Final

from flask import request

from app.domain.problems import NOT_SHOWABLE, Problems, pointer

NAME: Final = "Idempotency-Key"
_CHARACTERS: Final = 255


def read_idempotency_key(problems: Problems) -> str | None:
    """The header's value; None if there is none, or a problem with it."""
    key = request.headers.get(NAME)
    if key is None:
        return None
    if not 0 < len(key) <= _CHARACTERS:
        problems.add(pointer(NAME), f"must have 1 to {_CHARACTERS} characters")
    elif NOT_SHOWABLE.search(_header_text(key)):
        problems.add(pointer(NAME), "must not contain control characters")
    return key


def _header_text(value: str) -> str:
    """WSGI decodes headers as Latin-1 (PEP 3333), though most clients mean UTF-8."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value
