"""What the query of a request says: fields, encoding, pages, tokens."""

from collections.abc import Sequence
from typing import Final

from app.api.doors.judge0 import parameters
from app.api.doors.judge0.answers import Refused
from app.api.doors.judge0.parameters import NotANumber, Parameters
from app.api.doors.judge0.submission import DEFAULT, FIELDS

MOST_ROWS: Final = 10_000
"""That a list looks at. Older submissions are only found by their tokens."""
MOST_PER_PAGE: Final = 100
_MOST_CHARACTERS: Final = 10_000
"""Of a list of fields: ten times as many as all of them have."""


def is_true(sent: Parameters, name: str) -> bool:
    """Only if it is exactly that, as in Judge0's releases."""
    return parameters.text(sent, name) == "true"


def base64(sent: Parameters, *, implicit: bool) -> bool:
    """Whether texts are in base64. `implicit`: unless it is exactly `false`."""
    found = parameters.text(sent, "base64_encoded")
    return found != "false" if implicit else found == "true"


def fields(sent: Parameters) -> Sequence[str]:
    """Raises Refused."""
    asked = parameters.text(sent, "fields") or ""
    if len(asked) > _MOST_CHARACTERS:
        raise Refused(f"invalid fields: more than {_MOST_CHARACTERS} characters")
    names = [name.strip() for name in asked.split(",") if name.strip()]
    if names == ["*"]:
        return list(FIELDS)
    unknown = [name for name in names if name not in FIELDS]
    if unknown:
        raise Refused(f"invalid fields: [{', '.join(unknown[:20])}]")
    return list(dict.fromkeys(names)) or list(DEFAULT)


def page(sent: Parameters) -> tuple[int, int]:
    """The page, and how many each has. Raises Refused."""
    number, size = _whole(sent, "page", 1), _whole(sent, "per_page", 20)
    if number <= 0:
        raise Refused(f"invalid page: {number}")
    if size < 0:
        raise Refused(f"invalid per_page: {size}")
    return number, min(size, MOST_PER_PAGE)


def _whole(sent: Parameters, name: str, default: int) -> int:
    try:
        found = parameters.number(sent, name)
    except NotANumber:
        return 0
    return default if found is None else int(found)
