"""What a program is given when it runs, in a submission or in one of its tests."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from app.api.submission.checks import at_most, plain_text
from app.domain.policy import InputMaxima
from app.domain.problems import Problems, pointer

_ENV_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def checked_args(
    problems: Problems, name: str, args: Sequence[str], maxima: InputMaxima
) -> tuple[str, ...]:
    """`name` is the field: `args` or `compile_args`."""
    size = 0
    for index, arg in enumerate(args):
        size += plain_text(problems, pointer(name, index), arg)
    at_most(problems, pointer(name), size, maxima.args_bytes)
    return tuple(args)


def check_env(problems: Problems, env: Mapping[str, str], maxima: InputMaxima) -> None:
    size = 0
    for name, value in env.items():
        at = pointer("env", name)
        if not _ENV_NAME.fullmatch(name):
            problems.add(
                at, "names have letters (A to Z, a to z), digits and _, and begin with no digit"
            )
        size += len(name) + plain_text(problems, at, value)
    at_most(problems, "/env", size, maxima.env_bytes)
