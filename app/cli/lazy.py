"""A command group that imports its commands on first use."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import Any

import click

from app.cli.process import BROKEN_PIPE, exit_code_of


class LazyGroup(click.Group):
    """Loads each command from the attribute `<name>_command` of its module."""

    def __init__(self, *, name: str, help: str, places: Mapping[str, tuple[str, str]]) -> None:
        super().__init__(name, help=help, context_settings={"help_option_names": ["-h", "--help"]})
        self.places = places
        """Module and one line of help by command, so that `--help` imports none of them."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run as click does, but without a traceback for errors of streams or for signals."""
        run = partial(super().main, args, prog_name, complete_var, False, **extra)
        if not standalone_mode:
            return run()
        sys.exit(exit_code_of(run))

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        with _broken_pipes_end_it():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        with _broken_pipes_end_it():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return list(self.places)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command as click does, which knows no near names of lazy commands."""
        name = args[0]
        if name not in self.places and not name.startswith("-") and not ctx.resilient_parsing:
            ctx.fail(f"No such command {name!r}.{_near(name, self.places)}")
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002  # click's signature
        if name not in self.places:
            return None
        module, _ = self.places[name]
        command = getattr(import_module(module), f"{name}_command")
        if not isinstance(command, click.Command):
            raise TypeError(f"{module}.{name}_command is not a command")
        return command

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002  # click's signature
        formatter: click.HelpFormatter,
    ) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self.places.items()])


def _near(name: str, names: Iterable[str]) -> str:
    from difflib import get_close_matches

    near = " or ".join(repr(each) for each in get_close_matches(name, names))
    return f" Did you mean {near}?" if near else ""


@contextmanager
def _broken_pipes_end_it() -> Iterator[None]:
    """Exit with 141 on a broken pipe; click would use 1, as if the command had failed."""
    try:
        yield
    except BrokenPipeError:
        raise click.exceptions.Exit(BROKEN_PIPE) from None
