"""`podline host`: runs programs of a service on this machine."""

from pathlib import Path

import click

from app.cli.extras import needs_extra
from app.cli.failure import Failure
from app.cli.options import data_dir_option


@click.command()
@data_dir_option
@click.option(
    "--name",
    envvar="PODLINE_HOST",
    help="The name of this host, unlike all others.  [default: the machine's name]",
)
@needs_extra("sandbox")
def host_command(data_dir: Path, name: str | None) -> None:
    """Run programs of a service here, with the settings of that service, in the foreground.

    It takes as many at once as PODLINE_MAX_RUNNING says here. Ctrl-C or SIGTERM drains it: it takes
    no more, and ends when its programs have ended. A second one ends it at once; what it was
    running then runs again elsewhere.
    """
    from app.cli.host.run import run
    from app.domain.errors import PodlineError
    from sandbox.private import NotPrivate

    try:
        run(data_dir, name)
    except (PodlineError, NotPrivate) as error:
        raise Failure(str(error)) from error
