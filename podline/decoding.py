"""JSON to the frozen dataclasses of `models`, by their annotations.

`metadata={"name": ...}` is for a field whose name in JSON can't be one in Python. Fields that this
version does not know are ignored, so that a newer service can say more.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from datetime import datetime
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from podline.errors import ProtocolError

T = TypeVar("T")


def decode(cls: type[T], value: object) -> T:
    """An instance of the dataclass `cls`. Raises ProtocolError if the JSON does not fit."""
    if not isinstance(value, Mapping):
        raise ProtocolError(f"expected {cls.__name__} as a JSON object, got {value!r:.80}")
    hints = _hints(cls)
    arguments = {}
    for field in fields(cls):  # type: ignore[arg-type]  # a dataclass, as the docstring says
        name = field.metadata.get("name", field.name)
        if name in value:
            arguments[field.name] = _decode(hints[field.name], value[name], name)
        elif field.default is MISSING and field.default_factory is MISSING:
            raise ProtocolError(f"{cls.__name__} without {name!r}")
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
            return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise _misfit(hint, value, name) from None
    if hint is float and type(value) in (int, float):
        return float(value)
    if type(value) is hint:
        return value
    raise _misfit(hint, value, name)


def _misfit(hint: Any, value: Any, name: str) -> ProtocolError:
    expected = getattr(hint, "__name__", str(hint))
    return ProtocolError(f"expected {expected} in {name!r}, got {value!r:.80}")
