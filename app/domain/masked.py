"""URLs without their secrets."""

import re
from typing import Final

MASK: Final = "********"

_USERINFO: Final = re.compile(r"^([a-z+]+://[^/@:]*:).*@")
_SECRET_PARAMETER: Final = re.compile(
    r"([?&][^=&]*(?:password|secret|token)[^=&]*=)[^&]*", re.IGNORECASE
)


def masked(url: str) -> str:
    """The URL without the password in it, and without secret parameters."""
    return _SECRET_PARAMETER.sub(rf"\g<1>{MASK}", _USERINFO.sub(rf"\g<1>{MASK}@", url))
