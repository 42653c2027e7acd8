"""Decodes JSON into the frozen dataclasses in `models`, by their annotations.

`metadata={"name": ...}` sets the JSON name of a field where Python doesn't allow it, and
`null_means_default` replaces null by the field's default. Unknown fields
are ignored, so that a newer service can add some.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from reprlib import repr as bounded_repr
from types import NoneType, UnionType
from typing import Any, Final, TypeVar, Union, get_args, get_origin, get_type_hints

from podline.errors import ProtocolError

T = TypeVar("T")

_HALF_CHARACTER: Final = re.compile(r"\\u[dD][89a-fA-F]")
"""The escape of a surrogate. If its other half is missing, no encoding can express it."""


def parse(content: bytes, of: str) -> object:
    """Parse a JSON response. Raises a ProtocolError that names the source, `of`.

    Lone surrogates become U+FFFD, so that every string in the value can be encoded.
    """
    try:
        text = content.decode()
        value = json.loads(text)
        return _whole(value) if _HALF_CHARACTER.search(text) else value
    except (ValueError, RecursionError):
        raise ProtocolError(f"{of} did not return JSON") from None


def _whole(value: object) -> object:
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case list():
            return [_whole(item) for item in value]
        case dict():
            return {_whole(key): _whole(item) for key, item in value.items()}
    return value


def decode(cls: type[T], value: object) -> T:
    """Return an instance of the dataclass `cls`. Raises ProtocolError if the JSON doesn't fit."""
    if not isinstance(value, Mapping):
        raise ProtocolError(f"expected {cls.__name__} as a JSON object, got {bounded_repr(value)}")
    hints = _hints(cls)
    arguments = {}
    for field in fields(cls):  # type: ignore[arg-type]  # a dataclass, as the docstring says
        name = field.metadata.get("name", field.name)
        if field.metadata.get("null_means_default") and value.get(name) is None:
            continue
        if name in value:
            arguments[field.name] = _decode(hints[field.name], value[name], name)
        elif field.default is MISSING and field.default_factory is MISSING:
            raise ProtocolError(f"{cls.__name__} lacks {name!r}")
    return cls(**arguments)


_hints: Callable[[Any], dict[str, Any]] = cache(get_type_hints)


def _decode(hint: Any, value: Any, name: str) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if hint in (Any, object):
        return value
    if origin in (Union, UnionType):
        return _decode_optional(arguments, value, name)
    if origin is tuple and isinstance(value, list):
        return tuple(_decode(arguments[0], item, name) for item in value)
    if origin is Mapping and isinstance(value, Mapping):
        return {key: _decode(arguments[1], item, name) for key, item in value.items()}
    if isinstance(hint, type):
        return _decode_plain(hint, value, name)
    raise _misfit(hint, value, name)


def _decode_optional(arguments: tuple[Any, ...], value: Any, name: str) -> Any:
    if value is None and NoneType in arguments:
        return None
    (hint,) = (argument for argument in arguments if argument is not NoneType)
    return _decode(hint, value, name)


def _decode_plain(hint: type, value: Any, name: str) -> Any:
    if hasattr(hint, "__dataclass_fields__"):
        return decode(hint, value)
    try:
        if issubclass(hint, Enum):
            return hint(value)
        if hint is datetime:
            return _moment(value)
        if hint is float and type(value) in (int, float):
            return _finite(value)
    except (TypeError, ValueError, OverflowError):
        raise _misfit(hint, value, name) from None
    if type(value) is hint:
        return value
    raise _misfit(hint, value, name)


def _moment(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("a time without a time zone")
    return moment.astimezone(UTC)


def _finite(value: float) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("not a JSON number")
    return number


def _misfit(hint: Any, value: Any, name: str) -> ProtocolError:
    expected = getattr(hint, "__name__", str(hint))
    return ProtocolError(f"expected {expected} in {name!r}, got {bounded_repr(value)}")
