"""Settings made from the dataclasses of the policy, so that each number is declared once."""

from collections.abc import Callable, Mapping
from dataclasses import Field as DataclassField
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, create_model

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")

Factory = Callable[[dict[str, Any]], Any]
"""Makes a default of the settings before it."""


class Group(BaseModel):
    """Settings that belong together: `PODLINE_<GROUP>__<NAME>`, or a table in the file."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, validate_default=True
    )


def settings_of(defaults: Any, factories: Mapping[str, Factory]) -> dict[str, Any]:
    """Name to type and field, as `create_model` takes them.

    `factories` make the defaults that depend on the machine.
    """
    types = get_type_hints(type(defaults))
    return {
        each.name: _setting(each, types[each.name], defaults, factories.get(each.name))
        for each in _settable(defaults)
    }


def policy_of(defaults: T, settings: BaseModel) -> T:
    """The dataclass with what was set. What can't be set is as in `defaults`."""
    values = {}
    for each in _settable(defaults):
        value = getattr(settings, each.name)
        if isinstance(value, BaseModel):
            value = policy_of(getattr(defaults, each.name), value)
        values[each.name] = value
    return replace(defaults, **values)


def _settable(defaults: Any) -> list[DataclassField[Any]]:
    return [each for each in fields(defaults) if each.metadata]


def _setting(
    declared: DataclassField[Any], kind: Any, defaults: Any, factory: Factory | None
) -> tuple[Any, Any]:
    value = getattr(defaults, declared.name)
    if factory is not None:
        return kind, Field(default_factory=factory, **declared.metadata)
    if not is_dataclass(value):
        return kind, Field(default=value, **declared.metadata)
    group = create_model(type(value).__name__, __base__=Group, **settings_of(value, {}))
    return group, Field(default=group(), **declared.metadata)
