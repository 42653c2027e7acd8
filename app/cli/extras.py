"""Commands that need more packages than the command line itself."""

from collections.abc import Callable
from functools import wraps
from typing import Final, ParamSpec

from app.cli.failure import Failure

P = ParamSpec("P")

_OURS: Final = ("app", "podline", "sandbox", "tasks")


def needs_extra(extra: str) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """If a package is missing, name the extra to install."""

    def decorate(command: Callable[P, None]) -> Callable[P, None]:
        @wraps(command)
        def with_packages(*args: P.args, **kwargs: P.kwargs) -> None:
            try:
                command(*args, **kwargs)
            except ModuleNotFoundError as error:
                if error.name is None or error.name.partition(".")[0] in _OURS:
                    raise
                raise Failure(missing(error.name, extra)) from error

        return with_packages

    return decorate


def missing(package: str, extra: str) -> str:
    return f"{package} is not installed: in a clone of Podline, run pip install '.[{extra}]'"
