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
@click.option(
    "--daemons",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Run only workers: one beside each sandbox daemon whose socket is in this folder. "
    "NAME.sock is that of the host NAME.",
)
@needs_extra("sandbox")
def host_command(data_dir: Path, name: str | None, daemons: Path | None) -> None:
    """Run programs of a service here, with the settings of that service, in the foreground.

    It takes as many at once as PODLINE_MAX_RUNNING says here. Ctrl-C or SIGTERM drains it: it takes
    no more, and ends when its programs have ended. A second one ends it at once; what it was
    running then runs again elsewhere.
    """
    from app.cli.host.run import run, run_workers
    from app.domain.errors import PodlineError
    from sandbox.private import NotPrivate

    try:
        if daemons is None:
            run(data_dir, name)
        else:
            run_workers(data_dir, daemons)
    except (PodlineError, NotPrivate) as error:
        raise Failure(str(error)) from error
