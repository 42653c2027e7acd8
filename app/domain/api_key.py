"""API keys, and what each role may do."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.domain.execution import Time

OWNER_NAME: Final = "[A-Za-z0-9][A-Za-z0-9._@-]{0,62}"
"""A pattern for names of keys."""


class Role(StrEnum):
    """What a key allows; each role includes the ones before it."""

    USER = "user"
    OPERATOR = "operator"
    ADMIN = "admin"

    def includes(self, other: "Role") -> bool:
        return _RANKS[self] >= _RANKS[other]


_RANKS: Final = {role: rank for rank, role in enumerate(Role)}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyLimits:
    """Limits of one key, instead of those in the settings."""

    max_unfinished: int | None = None
    requests: str | None = None
    cpu_day: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key as it is stored. Keys of the same name belong to the same owner."""

    id: str
    name: str
    """The owner of everything that is submitted with the key."""
    role: Role
    secret_hash: str
    """SHA-256 of the key, hex. The key itself has 256 random bits, so no salt is needed.

    Empty for a caller without a key, which is never stored.
    """
    created_at: Time
    max_unfinished: int | None = None
    """The owner's quota of unfinished executions; None for the service's setting."""
    requests: str | None = None
    """The rate of its requests, such as `10/s`; None for the service's setting."""
    cpu_day: float | None = None
    """CPU seconds that its programs may use in a day; None for the service's setting."""
    callback_generation: int = 1
    """That of the secret which signs callbacks. Each rotation raises it."""
    callback_rotated_at: Time | None = None
    door: str | None = None
    """The only door that it opens; None if it opens the API and all doors."""

    @property
    def limits(self) -> KeyLimits:
        return KeyLimits(
            max_unfinished=self.max_unfinished, requests=self.requests, cpu_day=self.cpu_day
        )
