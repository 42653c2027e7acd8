"""`podline sandbox`: runs the sandbox daemon without the rest of the service."""

import os
import signal

import click

from app.cli.extras import needs_extra
from app.cli.failure import Failure


@click.command()
@click.option(
    "--drain",
    is_flag=True,
    help="Have the running daemon take no more programs, and wait until none is left. "
    "Needs PODLINE_HOST.",
)
@needs_extra("sandbox")
def sandbox_command(*, drain: bool) -> None:
    """Run only the sandbox daemon, in the foreground, with the settings in force here.

    With PODLINE_HOST, it is the daemon of a sandbox host, for a worker with the same settings.
    """
    if drain:
        _drain()
    else:
        _run()


def _drain() -> None:
    from app.cli.host.drain import Drain, wait_until_drained
    from app.settings import Settings, SettingsError
    from app.settings.sources import variable
    from app.settings.urls import socket_path

    try:
        settings = Settings.load()
    except SettingsError as error:
        raise Failure(str(error)) from error
    if settings.host is None or socket_path(settings.runtime_url) is None:
        raise Failure(
            f"--drain needs {variable('host')},"
            f" and the daemon's socket as {variable('runtime_url')}"
        )
    wait_until_drained(Drain(settings))


def _run() -> None:
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
