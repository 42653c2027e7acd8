"""API keys: random secrets that are shown once and stored as hashes.

Keys with the same name share an owner, so a key is replaced by creating another one of its name.
"""

import hashlib
import hmac
import secrets as random
from collections.abc import Callable, Sequence
from dataclasses import replace
from time import monotonic
from typing import Final

from ulid import ULID

from app.domain.api_key import ApiKey, KeyLimits, Role
from app.domain.callback_secret import CallbackSecrets, overlap_ends
from app.domain.errors import Conflict, NotFound, StoreUnavailable
from app.domain.execution import Time
from app.ports import Clock, Keys

NO_LIMITS: Final = KeyLimits()
PREFIX: Final = "pdl_"
"""Lets secret scanners recognise a leaked key."""
CHECK_SECONDS: Final = 4.0
"""Added to the longest pause of a stream, this ends a deleted key's stream within 15 s."""


def new_secret() -> str:
    """A key with 256 random bits."""
    return PREFIX + random.token_urlsafe(32)


def create(
    keys: Keys,
    clock: Clock,
    name: str,
    role: Role,
    limits: KeyLimits = NO_LIMITS,
    door: str | None = None,
) -> tuple[ApiKey, str]:
    """A new key of the owner `name`, and its secret, which can't be shown again."""
    secret = new_secret()
    key = _new(clock, secret, name, role, limits, door)
    keys.add(key)
    return key, secret


def enrol(keys: Keys, clock: Clock, secret: str, name: str, role: Role) -> ApiKey | None:
    """Make a secret valid. Returns None if it is already: it keeps its name and role."""
    key = _new(clock, secret, name, role)
    return key if keys.add(key) else None


def _new(
    clock: Clock,
    secret: str,
    name: str,
    role: Role,
    limits: KeyLimits = NO_LIMITS,
    door: str | None = None,
) -> ApiKey:
    return ApiKey(
        id=str(ULID()),
        name=name,
        role=role,
        secret_hash=hash_of(secret),
        created_at=clock(),
        max_unfinished=limits.max_unfinished,
        requests=limits.requests,
        cpu_day=limits.cpu_day,
        door=door,
    )


def authenticate(keys: Keys, secret: str) -> ApiKey | None:
    """The key with this secret; None if there is none.

    The look-up is by hash, so its duration does not reveal how much of a guess was right.
    """
    secret_hash = hash_of(secret)
    key = keys.by_hash(secret_hash)
    if key is None or not hmac.compare_digest(key.secret_hash, secret_hash):
        return None
    return key


def all_keys(keys: Keys) -> Sequence[ApiKey]:
    return keys.all()


class StillValid:
    """Whether a key still exists, for a response that lasts. Asks the store every few seconds.

    A key stays valid while the store is unavailable, and so does one that is not stored. Whoever
    uses it in a session also says whether that lasts.
    """

    def __init__(
        self,
        keys: Keys,
        key: ApiKey,
        session_lasts: Callable[[], bool] = lambda: True,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._keys = keys
        self._key = key
        self._session_lasts = session_lasts
        self._clock = clock
        self._asked_at = clock()

    def __call__(self) -> bool:
        if not self._key.secret_hash or self._clock() - self._asked_at < CHECK_SECONDS:
            return True
        self._asked_at = self._clock()
        try:
            exists = self._keys.by_hash(self._key.secret_hash) is not None
        except StoreUnavailable:
            exists = True
        return exists and self._session_lasts()


def limit(keys: Keys, key_id: str, change: Callable[[KeyLimits], KeyLimits]) -> ApiKey:
    """The key with other limits, which hold from its next request. Raises NotFound."""

    def limited(key: ApiKey) -> ApiKey:
        limits = change(key.limits)
        return replace(
            key,
            max_unfinished=limits.max_unfinished,
            requests=limits.requests,
            cpu_day=limits.cpu_day,
        )

    return _change(keys, key_id, limited)


def rotate_callback_secret(
    keys: Keys, clock: Clock, secrets: CallbackSecrets, key_id: str
) -> tuple[str, Time]:
    """The new secret of a key's callbacks, and until when the previous one signs too.

    Raises NotFound, and Conflict if the service has no secret to derive it from.
    """
    now = clock()

    def rotated(key: ApiKey) -> ApiKey:
        if not secrets:
            raise Conflict("this service can't sign callbacks: set PODLINE_CALLBACK_SECRET first")
        generation = key.callback_generation + 1
        return replace(key, callback_generation=generation, callback_rotated_at=now)

    key = _change(keys, key_id, rotated)
    return secrets.of(key_id, key.callback_generation), overlap_ends(now)


def _change(keys: Keys, key_id: str, change: Callable[[ApiKey], ApiKey]) -> ApiKey:
    """A key that is deleted meanwhile stays deleted. Raises NotFound."""
    while (key := keys.get(key_id)) is not None:
        changed = change(key)
        if keys.update(key, changed):
            return changed
    raise NotFound(f"there is no key {key_id}")


def delete(keys: Keys, key_id: str, by: ApiKey, first_key_hash: str | None = None) -> None:
    """Make a key invalid. It can't delete itself, so that one admin key always remains.

    Nor can the first admin key be deleted, since the next start would make it valid again. Raises
    Conflict and NotFound.
    """
    if key_id == by.id:
        raise Conflict("a key can't delete itself: use another admin key")
    key = keys.get(key_id)
    if key is not None and key.secret_hash == first_key_hash:
        raise Conflict(
            "each start of the API makes this key valid: replace PODLINE_ADMIN_KEY (or, under "
            "podline up, the file key in its data folder), restart it, and then delete this key"
        )
    if not keys.delete(key_id):
        raise NotFound(f"there is no key {key_id}")


def hash_of(secret: str) -> str:
    """What is stored of a key: it can't be turned back into the secret."""
    return hashlib.sha256(secret.encode()).hexdigest()
