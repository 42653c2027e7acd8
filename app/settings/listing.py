"""What `podline settings` prints."""

from typing import NamedTuple

from pydantic_settings import BaseSettings

from app.settings.checks import is_secret
from app.settings.sources import Given, flat
from app.settings.urls import MASK, masked


class Listed(NamedTuple):
    """One setting in force, with secrets masked, and where it came from."""

    name: str
    value: str
    source: str


def listing(settings: BaseSettings) -> list[Listed]:
    """Every setting, in the order in which they are declared."""
    given = Given.read()
    return [
        Listed(
            name,
            MASK if given.by_secret(name) else _shown(settings, name, value),
            given.origin(name),
        )
        for name, value in flat(settings.model_dump())
    ]


def _shown(settings: BaseSettings, name: str, value: object) -> str:
    if value is None:
        return ""
    return MASK if is_secret(type(settings), name) else masked(str(value))
