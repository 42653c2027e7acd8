"""Checks callbacks: the POSTs that the service sends to a `callback_url`."""

import hashlib
import hmac
import re
import time
from typing import Final

from podline.checking import checked
from podline.decoding import decode, parse
from podline.errors import InvalidSignature
from podline.models import Execution

TOLERANCE: Final = 300.0
"""Seconds. Bounds how long somebody who has recorded a callback can send it again."""
_TIME: Final = re.compile("t=([0-9]{1,12})")
_LONGEST_HEADER: Final = 2000


@checked
def verify_callback(
    body: bytes,
    signature: str | None,
    secret: str,
    *,
    tolerance: float = TOLERANCE,
    now: float | None = None,
) -> Execution:
    """Return the execution that a callback contains, once its signature has been checked.

    `body` is the request's body, unchanged, `signature` its header `Podline-Signature`, and
    `secret` the callback secret of the API key that submitted the execution. Raises
    InvalidSignature if another secret signed it, if anything was changed, or if it was signed more
    than `tolerance` seconds before or after `now`. Raises ProtocolError if it is no execution.
    """
    signed_at, signatures = _parts(signature or "")
    expected = hmac.new(secret.encode(), b"%b." % signed_at + body, hashlib.sha256).hexdigest()
    # Compare all: a service that is changing its secret signs with both.
    if not sum([hmac.compare_digest(expected, each) for each in signatures]):
        raise InvalidSignature("no signature in Podline-Signature was made with this secret")
    if abs((time.time() if now is None else now) - int(signed_at)) > tolerance:
        raise InvalidSignature("the signature is too old, or the clocks differ")
    return decode(Execution, parse(body, "the callback"))


def _parts(header: str) -> tuple[bytes, list[str]]:
    first, *rest = header[:_LONGEST_HEADER].split(",")
    found = _TIME.fullmatch(first.strip())
    if found is None or not header.isascii():
        raise InvalidSignature("the header Podline-Signature is missing or malformed")
    named = (part.strip().partition("=") for part in rest)
    return found[1].encode(), [value for name, _, value in named if name == "v1"]
