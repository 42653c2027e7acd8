"""Finds everything that is wrong with the settings, and reports it by their names."""

import difflib
import re
from collections.abc import Callable, Iterator
from typing import TypeVar, get_args

from pydantic import AfterValidator, BaseModel, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings

from app.domain.api_key import OWNER_NAME
from app.domain.language import LimitName
from app.domain.masked import MASK, masked
from app.domain.rate import rate_of
from app.door_names import DoorName
from app.settings.errors import SettingProblem, SettingsError
from app.settings.sources import (
    CLIENT_VARIABLES,
    DEFAULT,
    FILE_VARIABLE,
    PREFIX,
    SECRETS_VARIABLE,
    Given,
    variable,
)

REMOVED = frozenset(
    {
        *("attempt_backoff", "attempt_backoff_max", "dlq_backoff", "dlq_backoff_max", "dlq_batch"),
        *("dlq_interval", "first_look_wait", "max_tries", "max_waiting_answers", "poll_interval"),
        *("queue_check_batch", "queue_check_interval", "relay_batch", "replay_batch"),
        *("replay_interval", "retention_batch", "retention_interval", "slot_grace"),
        *("step_timeout", "store_timeout", "sweep_batch", "sweep_interval"),
        *("input.args", "input.args_bytes", "input.env", "input.env_bytes", "input.files"),
        *("input.file_name_bytes", "input.label_characters", "input.labels"),
    }
)
"""Settings of earlier versions, whose values the service now chooses by itself."""

S = TypeVar("S", bound=BaseSettings)

MIN_KEY_CHARACTERS = 20

_NO_LONGER = "is no longer a setting, because the service chooses the value: remove it"

_NEAR = 0.68
"""How similar a suggestion must be (difflib). With less, DB_URL resembles REDIS_URL."""

_SAID_OTHERWISE = frozenset({"extra_forbidden", "default_factory_not_called"})
"""Errors to ignore: unknown names are found here, and defaults may depend on a wrong setting."""


def parsed_by(parse: Callable[[str], object]) -> AfterValidator:
    """Accept a setting if it can be parsed, and keep its text. `parse` raises ValueError."""

    def check(setting: str) -> str:
        parse(setting)
        return setting

    return AfterValidator(check)


def limit_names(names: str) -> str:
    """Check a list of limits, separated by commas."""
    known = [str(limit) for limit in LimitName]
    given = [name.strip() for name in names.split(",") if name.strip()]
    if set(given) - set(known):
        raise ValueError(f"must be one or more of {', '.join(known)}, separated by commas")
    return ",".join(given)


def door_list(names: str) -> str:
    """Check a list of doors, separated by commas; `all` and `none` stand for such lists."""
    known = [str(door) for door in DoorName]
    given = [name.strip() for name in names.split(",") if name.strip()]
    if given == ["all"]:
        return ",".join(known)
    if given == ["none"]:
        return ""
    if set(given) - set(known):
        raise ValueError(
            f"must be all, none, or one or more of {', '.join(known)}, separated by commas"
        )
    return ",".join(given)


def owner_name(name: str) -> str:
    """Check that a key could have this name."""
    if not re.fullmatch(OWNER_NAME, name):
        raise ValueError(f"must match {OWNER_NAME}, as the name of a key")
    return name


def rate(given: str) -> str:
    """Check a rate of requests."""
    rate_of(given)
    return given


def long_enough(secret: SecretStr | None) -> SecretStr | None:
    """Check that a key is too long to be guessed."""
    if secret and len(secret.get_secret_value()) < MIN_KEY_CHARACTERS:
        raise ValueError(f"must have at least {MIN_KEY_CHARACTERS} random characters")
    return secret


def load(cls: type[S]) -> S:
    """Load the settings. Raises SettingsError with all problems at once."""
    given = Given.read()
    problems = list(_unknown_names(given, names(cls)))
    try:
        settings = cls()
    except ValidationError as error:
        problems += [
            _wrong_value(given, details, is_secret(cls, ".".join(map(str, details["loc"]))))
            for details in error.errors()
            if details["type"] not in _SAID_OTHERWISE
        ]
    if problems:
        raise SettingsError(problems)
    return settings


def names(cls: type[BaseModel], prefix: str = "") -> list[str]:
    """Return the dotted name of every setting."""
    found = []
    for name, field in cls.model_fields.items():
        group = field.annotation
        if isinstance(group, type) and issubclass(group, BaseModel):
            found += names(group, f"{prefix}{name}.")
        else:
            found.append(prefix + name)
    return found


def is_secret(cls: type[BaseModel], name: str) -> bool:
    """Whether the setting with this dotted name is a secret."""
    first, _, rest = name.partition(".")
    field = cls.model_fields.get(first)
    if field is None:
        return False
    group = field.annotation
    if isinstance(group, type) and issubclass(group, BaseModel):
        return is_secret(group, rest)
    return SecretStr in (group, *get_args(group))


def _unknown_names(given: Given, known: list[str]) -> Iterator[SettingProblem]:
    variables = [*map(variable, known), *CLIENT_VARIABLES, FILE_VARIABLE, SECRETS_VARIABLE]
    removed = {*REMOVED, *map(variable, REMOVED)}
    for name in given.environment:
        if name in removed:
            yield SettingProblem(name, _NO_LONGER)
        elif name not in variables:
            yield SettingProblem(name, "is not a setting" + _suggestion(name, variables))
    for name in [*given.secrets, *given.file]:
        where = f" (in {given.origin(name)})"
        if name in removed:
            yield SettingProblem(name, _NO_LONGER + where)
        elif name not in known:
            yield SettingProblem(name, f"is not a setting{where}" + _suggestion(name, known))


def _suggestion(name: str, known: list[str]) -> str:
    """Compare without the prefix, which would make all variables alike."""
    by_rest = {other.removeprefix(PREFIX): other for other in known}
    near = difflib.get_close_matches(name.removeprefix(PREFIX), by_rest, n=1, cutoff=_NEAR)
    return f"; did you mean {by_rest[near[0]]}?" if near else ""


def _wrong_value(given: Given, details: ErrorDetails, secret: bool) -> SettingProblem:
    name = ".".join(map(str, details["loc"]))
    allowed = details["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    if not isinstance(details["input"], str | int | float):
        return SettingProblem(name, allowed)
    value = MASK if secret or given.by_secret(name) else masked(str(details["input"]))
    origin = given.origin(name)
    named = variable(name) if origin == DEFAULT else name
    return SettingProblem(named, f"{allowed}; it is {value!r} (from {origin})")
