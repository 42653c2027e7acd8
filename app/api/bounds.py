"""Bounds what a hostile body costs: unknown fields and overlong lists are removed unread.

It takes ten microseconds to report one wrong item, so a list of 300,000 must not be validated.
Each list and map has at most as many entries as its field declares.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final, get_args

from pydantic import BaseModel, GetJsonSchemaHandler
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from app.api.validation import NO_STRING
from app.domain.policy import InputMaxima
from app.domain.problems import Problems, pointer

JSON_SCHEMA_KEY: Final = "x-input-maximum"


@dataclass(frozen=True, slots=True)
class UpTo:
    """The most entries of a list or map: a number, or the name of a field of InputMaxima."""

    most: int | str

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return handler(schema) | {JSON_SCHEMA_KEY: self.most}


def prune(
    problems: Problems,
    model: type[BaseModel],
    value: object,
    maxima: InputMaxima,
    at: tuple[str | int, ...] = (),
) -> None:
    """Report unknown fields and remove them; empty each list and map that has too many entries.

    If `problems` is full afterwards, the rest was not looked at.
    """
    if not isinstance(value, dict):
        return
    known = _fields(model)
    unknown = []
    for name, item in value.items():
        field = known.get(name)
        if field is not None:
            _prune_field(problems, field, item, maxima, (*at, name))
        else:
            problems.add(pointer(*at, name), "is not a known field: remove it")
            unknown.append(name)
        if problems.full:
            return
    for name in unknown:
        del value[name]


def _prune_field(
    problems: Problems,
    field: "_Field",
    value: object,
    maxima: InputMaxima,
    at: tuple[str | int, ...],
) -> None:
    if not isinstance(value, list | dict):
        return
    if field.most is not None and len(value) > (most := in_numbers(field.most, maxima)):
        problems.add_unreadable(pointer(*at), f"has more than {most} entries")
        value.clear()
    if field.model is None:
        if isinstance(value, dict) and field.has_texts:
            _check_texts(problems, value, at)
        return
    if isinstance(value, dict):
        prune(problems, field.model, value, maxima, at)
        return
    for index, item in enumerate(value):
        prune(problems, field.model, item, maxima, (*at, index))
        if problems.full:
            return


def _check_texts(problems: Problems, value: dict[str, object], at: tuple[str | int, ...]) -> None:
    """Maps in a list can have many values that are no text: pydantic takes long to list them."""
    for name, item in value.items():
        if not isinstance(item, str):
            problems.add_unreadable(pointer(*at, name), NO_STRING)
            value[name] = ""
            if problems.full:
                return


def _has_texts(field: FieldInfo) -> bool:
    """Whether it is a map of texts, or null."""
    return dict[str, str] in (field.annotation, *get_args(field.annotation))


def declared(field: FieldInfo) -> int | str | None:
    """The most entries of a list or map; None if its field declares no maximum."""
    return next((item.most for item in field.metadata if isinstance(item, UpTo)), None)


def in_numbers(most: int | str, maxima: InputMaxima) -> int:
    """The maximum as a number."""
    return most if isinstance(most, int) else int(getattr(maxima, most))


@dataclass(frozen=True, slots=True)
class _Field:
    """What a field's declaration says, found out once."""

    most: int | str | None
    model: type[BaseModel] | None
    has_texts: bool


@cache
def _fields(model: type[BaseModel]) -> Mapping[str, _Field]:
    """The fields by the names that clients use."""
    return {
        field.alias or name: _Field(declared(field), model_in(field), _has_texts(field))
        for name, field in model.model_fields.items()
    }


def model_in(field: FieldInfo) -> type[BaseModel] | None:
    """The model in `Model | None` or `list[Model]`."""
    return next(_models_in(field.annotation), None)


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)
