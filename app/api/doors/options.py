"""What an operator decides about doors."""

from dataclasses import dataclass, field
from typing import Final

from app.domain.api_key import ApiKey


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorOptions:
    """Which doors are open, and to whom."""

    open: frozenset[str] = frozenset()
    """Their names."""
    keyless: frozenset[str] = frozenset()
    """Names of the doors that serve requests without a key."""
    nobody: ApiKey | None = field(default=None, repr=False)
    """Owns what is submitted without a key, and has its limits. It is never stored."""
    piston_strict_versions: bool = False
    judge0_implicit_base64: bool = False


CLOSED: Final = DoorOptions()
