"""Texts as Judge0 reads and writes them: plain, or in base64 where `base64_encoded` says so."""

import re
from base64 import b64decode, b64encode
from typing import Final

_NOT_BASE64: Final = re.compile(r"[^A-Za-z0-9+/]+")
_QUANTUM: Final = 4


class NotText(Exception):
    """Bytes that aren't UTF-8 were asked for as plain text."""


def decoded(text: str) -> bytes:
    """Decode base64 as Ruby's `unpack("m")` does: other characters are skipped, padding may be
    missing, and nothing after it is read.
    """
    letters = _NOT_BASE64.sub("", text.partition("=")[0])
    if len(letters) % _QUANTUM == 1:
        letters = letters[:-1]
    return b64decode(letters + "=" * (-len(letters) % _QUANTUM))


def encoded(content: bytes) -> str:
    return b64encode(content).decode("ascii")


def read(text: str, *, base64: bool) -> bytes:
    """What a client sent. Half a surrogate pair, which JSON can hold, becomes a question mark."""
    return decoded(text) if base64 else text.encode(errors="replace")


def written(content: bytes | None, *, base64: bool) -> str | None:
    """What a client receives: nothing printed is null. Raises NotText."""
    if not content:
        return None
    if base64:
        return encoded(content)
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise NotText from None
