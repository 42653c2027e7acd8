"""Validation of what a client sent: a model, or a list of what is wrong with its types."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from math import nan
from operator import getitem
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Strict, ValidationError
from pydantic_core import ErrorDetails

from app.domain.errors import InvalidRequest
from app.domain.problems import Problems, pointer

M = TypeVar("M", bound=BaseModel)


class Sent(BaseModel):
    """What a client sends: exact types, and no unknown fields."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


BY_VALUE: Final = Strict(strict=False)
"""For enumerations: JSON has their values."""


@dataclass(frozen=True, slots=True)
class Read(Generic[M]):
    """A body before its rules are checked. They add to the problems, so that all come at once."""

    value: M
    """Has a placeholder for each value of the wrong type."""
    problems: Problems


def read(model: type[M], sent: object, problems: Problems) -> Read[M]:
    """Replaces, in `sent`, each value of the wrong type. Raises InvalidRequest if it can't."""
    for _ in range(_DEPTH):
        try:
            return Read(model.model_validate(sent), problems)
        except ValidationError as error:
            errors = error.errors(include_url=False, include_input=False)
        _report(errors, problems)
        if problems.full or not isinstance(sent, dict):
            break
        for each in reversed(errors):  # Removing an entry of a list moves those behind it.
            _replace(model, sent, each)
    raise InvalidRequest(problems.found)


def valid(
    model: type[M], sent: object, problems: Problems, *, strict: bool | None = None
) -> M | None:
    """None if there are problems. `strict=None` leaves it to the model how exact types must be."""
    if problems.full:
        return None
    try:
        found = model.model_validate(sent, strict=strict)
    except ValidationError as error:
        _report(error.errors(include_url=False, include_input=False), problems)
        return None
    return None if problems else found


def _report(errors: Sequence[ErrorDetails], problems: Problems) -> None:
    for error in errors:
        problems.add_unreadable(pointer(*error["loc"]), _detail(error))


def _detail(error: ErrorDetails) -> str:
    known = _DETAILS.get(error["type"])
    if known is None:
        return error["msg"].replace("Input should be", "must be")
    return known.format_map(error.get("ctx", {}))


NO_STRING: Final = "must be a string"
_NO_NUMBER: Final = "must be a number"
_NO_WHOLE_NUMBER: Final = "must be a whole number"
_NO_BOOLEAN: Final = "must be true or false"
_DETAILS: Final[Mapping[str, str]] = {
    "missing": "is required",
    "model_type": "must be an object",
    "dict_type": "must be an object",
    "list_type": "must be a list",
    "string_type": NO_STRING,
    "float_type": _NO_NUMBER,
    "float_parsing": _NO_NUMBER,
    "finite_number": "must be a finite number",
    "int_type": _NO_WHOLE_NUMBER,
    "int_parsing": _NO_WHOLE_NUMBER,
    "int_from_float": _NO_WHOLE_NUMBER,
    "bool_type": _NO_BOOLEAN,
    "bool_parsing": _NO_BOOLEAN,
    "enum": "must be {expected}",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "too_short": "has too few entries: the minimum is {min_length}",
    "too_long": "has too many entries: the maximum is {max_length}",
    "string_too_short": "is too short: the minimum is {min_length} characters",
    "string_too_long": "is too long: the maximum is {max_length} characters",
}
"""By pydantic's type of error, with what its context names."""
_PLACEHOLDERS: Final[Mapping[str, Callable[[], object]]] = {
    "missing": str,
    "string_type": str,
    "list_type": list,
    "dict_type": dict,
    "model_type": dict,
    "float_type": lambda: nan,
}
"""By pydantic's type of error. Any other value is removed, so that its default applies."""
_DEPTH: Final = 3
"""A file that is no object becomes an empty one, and then one with an empty name and content."""


def _replace(model: type[BaseModel], sent: Any, error: ErrorDetails) -> None:
    *path, last = error["loc"]
    parent = reduce(getitem, path, sent)
    choices = [] if path else _required_choices(model, last)
    if choices:
        parent[last] = choices[0]
    elif error["type"] in _PLACEHOLDERS:
        parent[last] = _PLACEHOLDERS[error["type"]]()
    else:
        del parent[last]


def _required_choices(model: type[BaseModel], name: int | str) -> list[StrEnum]:
    """The values of an enumeration that has no default; nothing for any other field."""
    field = model.model_fields.get(str(name))
    if field is None or not field.is_required():
        return []
    choices = field.annotation
    return list(choices) if isinstance(choices, type) and issubclass(choices, StrEnum) else []
