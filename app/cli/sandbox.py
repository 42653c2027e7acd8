"""`podline sandbox`: runs the sandbox daemon without the rest of the service."""

import os
import signal

import click

from app.cli.extras import needs_extra
from app.cli.failure import Failure


@click.command()
@needs_extra("sandbox")
def sandbox_command() -> None:
    """Run only the sandbox daemon, in the foreground, with the settings in force here."""
    from app.cli.daemon_command import daemon_command
    from app.settings import Settings, SettingsError
    from app.settings.folders import IN_DATA_FOLDER
    from sandbox.private import NotPrivate, make_data_folder, set_umask

    set_umask()
    try:
        settings = Settings.load()
        command = daemon_command(settings)
        make_data_folder(settings.data_dir, IN_DATA_FOLDER)
    except (SettingsError, NotPrivate) as error:
        raise Failure(str(error)) from error
    # The daemon unblocks them once it can handle them; until then Python would print a traceback.
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    os.execv(command[0], command)
