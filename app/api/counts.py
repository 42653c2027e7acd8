"""Counts, checked before items: each list and map is held to the maximum that its field declares.

A wrong item costs ten microseconds to report, so a list of 300,000 of them must not be validated.
"""

from collections.abc import Iterator, Mapping, Sized
from dataclasses import dataclass
from functools import cache
from typing import Final, get_args

from pydantic import BaseModel, GetJsonSchemaHandler
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from app.domain.checks import Problems, not_too_many, pointer
from app.domain.policy import InputMaxima

UNKNOWN: Final = "is not known here: leave it out"
JSON_SCHEMA_KEY: Final = "x-input-maximum"


@dataclass(frozen=True, slots=True)
class UpTo:
    """Annotates a list or a map with its maximum: a number, or the field of InputMaxima with it."""

    most: int | str

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return handler(schema) | {JSON_SCHEMA_KEY: self.most}


def check_counts(
    problems: Problems,
    model: type[BaseModel],
    value: object,
    maxima: InputMaxima,
    at: tuple[str | int, ...] = (),
) -> bool:
    """Whether each list, map and object has few enough entries to look at each of them."""
    if not isinstance(value, dict):
        return True
    known, few = _fields(model), True
    for name, item in value.items():
        field = known.get(name)
        if field is None:
            problems.add(pointer(*at, name), UNKNOWN)
        else:
            few &= _check_field(problems, field, item, maxima, (*at, name))
        if problems.full:
            return False
    return few


def _check_field(
    problems: Problems,
    field: FieldInfo,
    value: object,
    maxima: InputMaxima,
    at: tuple[str | int, ...],
) -> bool:
    if isinstance(value, list | dict) and not _few(problems, field, value, maxima, at):
        return False
    model = model_in(field)
    if model is None:
        return True
    if not isinstance(value, list):
        return check_counts(problems, model, value, maxima, at)
    return all(
        check_counts(problems, model, item, maxima, (*at, index))
        for index, item in enumerate(value)
    )


def _few(
    problems: Problems,
    field: FieldInfo,
    entries: Sized,
    maxima: InputMaxima,
    at: tuple[str | int, ...],
) -> bool:
    most = maximum(field, maxima)
    return most is None or not_too_many(problems, pointer(*at), entries, most)


def maximum(field: FieldInfo, maxima: InputMaxima) -> int | None:
    """How many entries a list or map may have; None for a field that declares nothing."""
    declared = next((item for item in field.metadata if isinstance(item, UpTo)), None)
    return None if declared is None else in_numbers(declared.most, maxima)


def in_numbers(most: int | str, maxima: InputMaxima) -> int:
    """A maximum that may be named by a field of InputMaxima."""
    return most if isinstance(most, int) else int(getattr(maxima, most))


@cache
def _fields(model: type[BaseModel]) -> Mapping[str, FieldInfo]:
    """By the names that clients use."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def model_in(field: FieldInfo) -> type[BaseModel] | None:
    """The model in `Model | None` or `list[Model]`."""
    return next(_models_in(field.annotation), None)


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)
