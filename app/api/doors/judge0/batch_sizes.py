"""How many submissions a batch can have."""

from typing import Final

from app.api.doors.judge0.answers import Refused
from app.domain.batch import MAX_ITEMS

_TOO_MANY: Final = f"number of submissions in a batch should be less than or equal to {MAX_ITEMS}"
_NONE: Final = "there should be at least one submission in a batch"


def check_count(count: int) -> None:
    """Raises Refused."""
    if count == 0:
        raise Refused(_NONE)
    if count > MAX_ITEMS:
        raise Refused(_TOO_MANY)
