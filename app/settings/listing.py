"""The output of `podline settings`."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic_settings import BaseSettings

from app.domain.masked import MASK, masked
from app.settings.checks import is_secret
from app.settings.sources import Given, flat


class Listed(NamedTuple):
    """One setting in force, with secrets masked, and its source."""

    name: str
    value: str
    source: str


def listing(settings: BaseSettings) -> list[Listed]:
    """List every setting in the order of declaration."""
    given = Given.read()
    values = dict(flat(settings.model_dump()))
    listed = []
    for name in values:
        decides = _maximum_below(name, values) or name
        shown = MASK if given.by_secret(name) else _shown(settings, name, values[decides])
        listed.append(Listed(name, shown, given.origin(decides)))
    return listed


def _maximum_below(name: str, values: Mapping[str, Any]) -> str | None:
    """Return the maximum to which a default is lowered, if any (app.domain.policy)."""
    maximum = name.replace("default_", "max_", 1)
    lowered = name.startswith("default_") and values[maximum] < values[name]
    return maximum if lowered else None


def _shown(settings: BaseSettings, name: str, value: object) -> str:
    if value is None:
        return ""
    return MASK if is_secret(type(settings), name) else masked(str(value))
