"""Rules for the values in languages.toml, as pydantic takes them.

Each raises what becomes a line of `BadLanguages`, behind the key that it is about.
"""

import re
from string import Formatter
from typing import Annotated, Final, LiteralString, TypeAlias

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError


def mistake(message: LiteralString, **values: str) -> PydanticCustomError:
    return PydanticCustomError("language", message, values)


def absolute(path: str) -> str:
    if not path.startswith(("/", "~/")):
        raise mistake("{path} must start with / or ~/", path=path)
    return path


def filled_with(*names: str, lists: tuple[str, ...] = ()) -> AfterValidator:
    """A template in which these names stand for texts, and each of `lists` for arguments."""

    def check(text: str) -> str:
        if text in lists:
            return text
        try:
            used = {found for _, found, _, _ in Formatter().parse(text) if found is not None}
        except ValueError as error:
            raise mistake("{text}: {error}", text=text, error=str(error)) from error
        if unknown := used.difference(names):
            raise mistake(
                "{text}: {name} is not a known name: write one of {known}",
                text=text,
                name=min(unknown),
                known=", ".join(names),
            )
        return text

    return AfterValidator(check)


def pattern(*, one_group: bool = False) -> AfterValidator:
    def check(text: str) -> str:
        try:
            groups = re.compile(text).groups
        except re.error as error:
            raise mistake("is not a regular expression: {error}", error=str(error)) from error
        if one_group and groups != 1:
            raise mistake("must have one group, such as in 'Python (.*)'")
        return text

    return AfterValidator(check)


Text: TypeAlias = Annotated[str, Field(min_length=1)]
SOME: Final = Field(min_length=1, strict=False)
"""TOML has lists, which strict tuples are not made of."""
Texts: TypeAlias = Annotated[tuple[Text, ...], SOME]
Paths: TypeAlias = Annotated[tuple[Annotated[Text, AfterValidator(absolute)], ...], SOME]
