"""Texts as Judge0 reads and writes them: plain, or in base64 where `base64_encoded` says so."""

from base64 import b64decode, b64encode
from string import ascii_letters, digits
from typing import Final

_NOT_BASE64: Final = bytes(set(range(128)) - set(f"{ascii_letters}{digits}+/".encode()))
_QUANTUM: Final = 4


class NotText(Exception):
    """Bytes that aren't UTF-8 were asked for as plain text."""


def decoded(text: str) -> bytes:
    """Decode base64 as Ruby's `unpack("m")` does: other characters are skipped, padding may be
    missing, and nothing after it is read.
    """
    sent = text.partition("=")[0].encode("ascii", errors="ignore")
    letters = sent.translate(None, _NOT_BASE64)
    if len(letters) % _QUANTUM == 1:
        letters = letters[:-1]
    return b64decode(letters + b"=" * (-len(letters) % _QUANTUM))


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
