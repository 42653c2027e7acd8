"""Options and value types that several commands share."""

import math
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import click

json_option: Final = click.option("--json", "as_json", is_flag=True, help="Print only JSON.")
data_dir_option: Final = click.option(
    "--data-dir",
    envvar="PODLINE_DATA_DIR",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".podline"),
    show_default=True,
    help="The data folder of `podline up`, which contains its URL and key. [env: PODLINE_DATA_DIR]",
)


class Seconds(click.types.FloatParamType):
    """A number of seconds, but neither NaN nor infinity, which JSON lacks."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        seconds: float = super().convert(value, param, ctx)
        if not math.isfinite(seconds):
            self.fail(f"{value!r} is not a number of seconds.", param, ctx)
        return seconds


class OrDefault(click.ParamType[Any]):
    """A value, or the word that stands for the service's setting."""

    WORD: Final = "default"

    def __init__(self, kind: click.ParamType[Any]) -> None:
        self._kind = kind
        self.name = kind.name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return value if value == self.WORD else self._kind.convert(value, param, ctx)


def choice(values: type[StrEnum]) -> click.Choice[str]:
    """Accept the members' values; click itself would accept their names."""
    return click.Choice([member.value for member in values])


def pairs(ctx: click.Context, param: click.Parameter, values: Sequence[str]) -> Mapping[str, str]:
    """Parse the values of a repeatable option NAME=VALUE."""
    for value in values:
        if value.find("=") < 1:
            raise click.BadParameter(f"{value!r} is not NAME=VALUE", ctx, param)
    return dict(value.split("=", 1) for value in values)
