"""How a field of a dataclass is declared as a number that an operator can set."""

from typing import Any


def means(meaning: str, **bounds: float) -> dict[str, Any]:
    """Metadata for `dataclasses.field`: what the number is, and its bounds (`gt`, `ge`, `le`).

    The settings and their documentation are made from it (app/settings/from_policy.py). A field
    without it can't be set.
    """
    return {"description": meaning, **bounds}
