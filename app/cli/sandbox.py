"""`podline sandbox`: the sandbox daemon without the rest of the service."""

import os

import click

from app.cli.failure import Failure


@click.command()
def sandbox_command() -> None:
    """Run the sandbox daemon alone, in the foreground, by the settings in force here."""
    from app.infrastructure.embedded.sandbox import daemon_command
    from app.settings import Settings, SettingsError

    try:
        command = daemon_command(Settings.load())
    except SettingsError as error:
        raise Failure(str(error)) from error
    os.execv(command[0], command)
