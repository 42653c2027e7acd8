"""Checks the types of arguments, by annotations: one that doesn't fit raises InvalidArgument."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, wraps
from pathlib import Path
from reprlib import repr as bounded_repr
from types import NoneType, UnionType
from typing import (
    Any,
    Final,
    Literal,
    ParamSpec,
    TypeVar,
    Union,
    Unpack,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from podline.errors import InvalidArgument

P = ParamSpec("P")
T = TypeVar("T")

_TEXTS: Final = (str, bytes, bytearray)
_NO_LISTS: Final = (*_TEXTS, Mapping)
"""They have items, too."""
_TYPES: Final[Mapping[Any, tuple[type, ...]]] = {
    bytes: (bytes, bytearray),
    float: (float, int),
}
"""What else is taken for a type."""
_WORDS: Final[Mapping[Any, str]] = {
    str: "text",
    bytes: "bytes",
    Path: "a pathlib.Path",
    float: "a number",
    int: "a whole number",
    bool: "True or False",
    NoneType: "None",
    Sequence: "a list",
    Iterable: "a list",
    Mapping: "a mapping",
}


def checked(function: Callable[P, T]) -> Callable[P, T]:
    """Check the arguments of the function whenever it is called."""

    @wraps(function)
    def checking(*args: P.args, **kwargs: P.kwargs) -> T:
        _check_arguments(function, args, kwargs)
        return function(*args, **kwargs)

    return checking


def check(hint: Any, value: object, name: str) -> None:
    """Raises InvalidArgument if the value or something in it is not of this type."""
    choices = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    fitting = next((each for each in choices if _fits(each, value)), None)
    if fitting is None:
        raise InvalidArgument(f"{name} must be {_either(choices)}, not {type(value).__name__}")
    for inner, item, at in _items(fitting, value, name):
        check(inner, item, at)


def _check_arguments(
    function: Callable[..., object], args: Sequence[object], kwargs: Mapping[str, object]
) -> None:
    signature, hints = _declared(function)
    try:
        given = signature.bind(*args, **kwargs).arguments
    except TypeError:
        return  # The call itself says which argument is missing, or is one too many.
    for name, value in given.items():
        hint = hints.get(name)
        if get_origin(hint) is Unpack:
            (keywords,) = get_args(hint)
            for inner, item, at in _entries(keywords, value):
                check(inner, item, at)
        elif hint is not None:
            check(hint, value, name)


@cache
def _declared(function: Callable[..., object]) -> tuple[inspect.Signature, dict[str, Any]]:
    return inspect.signature(function), get_type_hints(function)


_hints: Callable[[Any], dict[str, Any]] = cache(get_type_hints)


def _fits(hint: Any, value: object) -> bool:
    origin = get_origin(hint) or hint
    if origin in (Any, object):
        return True
    if origin is Literal:
        return value in get_args(hint)
    if is_typeddict(hint):
        return isinstance(value, Mapping)
    if origin in (Sequence, Iterable) and isinstance(value, _NO_LISTS):
        return False
    if isinstance(value, bool) and origin in (int, float):
        return False
    return isinstance(value, _TYPES.get(origin, origin))


def _items(hint: Any, value: Any, name: str) -> Iterator[tuple[Any, object, str]]:
    """What is in the value, each with the type that it must have, and its name."""
    if is_typeddict(hint):
        for inner, item, key in _entries(hint, value):
            yield inner, item, f"{name}[{key!r}]"
    elif isinstance(value, Mapping) and (inners := get_args(hint)):
        for key, item in value.items():
            yield inners[0], key, f"each name in {name}"
            yield inners[1], item, f"{name}[{bounded_repr(key)}]"
    elif isinstance(value, Sequence) and not isinstance(value, _TEXTS):
        for number, item in enumerate(value):
            yield get_args(hint)[0], item, f"{name}[{number}]"


def _entries(hint: Any, value: Any) -> Iterator[tuple[Any, object, str]]:
    """The known entries. Those that are None count as not given, and the service knows others."""
    for key, inner in _hints(hint).items():
        if value.get(key) is not None:
            yield inner, value[key], key


def _either(choices: Iterable[Any]) -> str:
    *others, last = dict.fromkeys(map(_words, choices))
    return f"{', '.join(others)} or {last}" if others else last


def _words(hint: Any) -> str:
    origin = get_origin(hint) or hint
    if origin is Literal:
        return " or ".join(map(repr, get_args(hint)))
    if is_typeddict(hint):
        return _WORDS[Mapping]
    if origin in _WORDS:
        return _WORDS[origin]
    return f"{'an' if origin.__name__[0] in 'AEIOU' else 'a'} {origin.__name__}"
