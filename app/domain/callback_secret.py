"""The secrets of callbacks, and the signatures that are made with them.

A secret is derived from the service's own secret, so the database holds none. Its text is the key
of the HMAC, so a receiver needs to decode nothing.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from typing import Final

from app.domain.api_key import ApiKey
from app.domain.execution import SECOND, Time

PREFIX: Final = "pcs_"
"""Lets secret scanners recognise a leaked secret."""
OVERLAP_SECONDS: Final = 24 * 3600
"""How long the previous secret signs as well, after a rotation."""


class CallbackSecrets:
    """Derives the secret of each API key."""

    def __init__(self, own: str | None, previous: str | None = None) -> None:
        """`own` is the service's secret. Without one, no callbacks are accepted.

        What is derived from `previous`, the one before, signs as well.
        """
        self._own = own
        self._previous = previous

    def __bool__(self) -> bool:
        return self._own is not None

    def of(self, key_id: str, generation: int) -> str:
        assert self._own is not None, "callbacks are refused before"
        return _derived(self._own, key_id, generation)

    def signing(self, key: ApiKey, now: Time) -> tuple[str, ...]:
        """The secrets that sign now, the newest first."""
        generations = [key.callback_generation]
        if key.callback_rotated_at is not None and now < overlap_ends(key.callback_rotated_at):
            generations.append(key.callback_generation - 1)
        return tuple(
            _derived(root, key.id, generation)
            for root in (self._own, self._previous)
            if root is not None
            for generation in generations
        )


def _derived(root: str, key_id: str, generation: int) -> str:
    message = f"podline callback\0{key_id}\0{generation}".encode()
    digest = hmac.digest(root.encode(), message, hashlib.sha256)
    return PREFIX + base64.urlsafe_b64encode(digest).decode("ascii").rstrip("=")


def overlap_ends(rotated_at: Time) -> Time:
    return rotated_at + OVERLAP_SECONDS * SECOND


def signature(secrets: Iterable[str], now: Time, body: bytes) -> str:
    """The header `Podline-Signature`: the time, and one `v1` for each secret."""
    seconds = now // SECOND
    signed = b"%d." % seconds + body
    signatures = (hmac.new(secret.encode(), signed, hashlib.sha256) for secret in secrets)
    return ",".join([f"t={seconds}", *(f"v1={each.hexdigest()}" for each in signatures)])
