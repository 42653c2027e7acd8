"""Origins of web pages that may call the API."""

import re
from typing import Final

ANY: Final = "*"
_ORIGIN: Final = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
"""As browsers send it: lower case, without a path (RFC 6454, 6.2)."""


def origins(text: str) -> frozenset[str]:
    """The origins in a list separated by commas. Raises ValueError."""
    found = frozenset(each.strip() for each in text.split(",") if each.strip())
    for origin in found:
        if origin != ANY and not _ORIGIN.fullmatch(origin):
            raise ValueError(f"{origin!r} is not an origin such as https://quiz.example.org")
    return found
