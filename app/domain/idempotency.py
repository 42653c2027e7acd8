"""Which execution an Idempotency-Key stands for."""

from dataclasses import dataclass

from app.domain.execution import Time


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyRecord:
    """Fixes the id of the execution that an Idempotency-Key stands for, before it is inserted."""

    key_hash: str
    """SHA-256 of owner and Idempotency-Key, hex."""
    body_hash: str
    execution_id: str
    """Or the id of a batch."""
    expires_at: Time
