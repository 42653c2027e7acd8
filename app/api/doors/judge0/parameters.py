"""Values of parameters, which Judge0 takes from JSON, from forms and from the query alike.

So a number may be a string, and null, or what has no single value, means that nothing was sent.
"""

import math
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

Parameters = Mapping[str, Any]

_FALSE: Final = frozenset({"false", "f", "off", "0"})
"""As Rails reads them, in upper and lower case."""
_MOST_FIELDS: Final = 1_000


class NotANumber(ValueError):
    pass


def text(parameters: Parameters, name: str) -> str | None:
    value = parameters.get(name)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    return value if isinstance(value, str) else None


def flag(parameters: Parameters, name: str) -> bool | None:
    found = text(parameters, name)
    return None if not found else found.lower() not in _FALSE


def number(parameters: Parameters, name: str) -> float | None:
    """Raises NotANumber."""
    value = parameters.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise NotANumber
    try:
        found = float(value)
    except (ValueError, OverflowError):
        raise NotANumber from None
    if not math.isfinite(found):
        raise NotANumber
    return found


def of_form(body: bytes) -> dict[str, Any]:
    """The fields of an HTML form. Raises ValueError if there are too many."""
    pairs = parse_qsl(
        body.decode(errors="replace"), keep_blank_values=True, max_num_fields=_MOST_FIELDS
    )
    return dict(pairs)
