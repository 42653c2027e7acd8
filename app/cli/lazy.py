"""A group whose commands are imported when they are called."""

from collections.abc import Mapping
from importlib import import_module

import click


class LazyGroup(click.Group):
    """Finds a command as the attribute `<name>_command` of its module."""

    def __init__(self, *, name: str, help: str, places: Mapping[str, tuple[str, str]]) -> None:
        super().__init__(name, help=help)
        self.places = places
        """Module and one line of help by command: the help of all is shown without importing."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(self.places)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        if name not in self.places:
            return None
        module, _ = self.places[name]
        command = getattr(import_module(module), f"{name}_command")
        if not isinstance(command, click.Command):
            raise TypeError(f"{module}.{name}_command is no command")
        return command

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002
        formatter: click.HelpFormatter,
    ) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self.places.items()])
