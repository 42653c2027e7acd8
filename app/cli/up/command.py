"""`podline up`: runs the whole service on this machine."""

from importlib.util import find_spec
from pathlib import Path

import click

from app.cli.extras import missing, needs_extra
from app.cli.failure import Failure
from app.cli.options import data_dir_option


@click.command()
@data_dir_option
@click.option(
    "--port",
    envvar="PODLINE_PORT",
    type=click.IntRange(0, 65535),
    help="The API's port on 127.0.0.1.  [default: the setting, or 8000]",
)
@click.option("--mongodb", metavar="URL", help="Store executions in MongoDB instead of a file.")
@click.option(
    "--mcp", is_flag=True, help="Also serve tools for agents, on port 8080 or PODLINE_MCP_PORT."
)
@needs_extra("standalone")
def up_command(data_dir: Path, port: int | None, mongodb: str | None, mcp: bool) -> None:
    """Run the whole service here, in the foreground. Ctrl-C stops it.

    It has its own Redis, its own sandbox and an admin key in the data folder, so PODLINE_REDIS_URL,
    PODLINE_RUNTIME_URL and PODLINE_ADMIN_KEY must not be set.
    """
    from app.cli.up.run import run
    from app.domain.errors import PodlineError
    from sandbox.private import NotPrivate

    if mcp and find_spec("mcp") is None:
        raise Failure(missing("mcp", "mcp"))
    try:
        run(data_dir=data_dir, port=port, mongodb=mongodb, mcp=mcp)
    except (PodlineError, NotPrivate) as error:
        raise Failure(str(error)) from error
