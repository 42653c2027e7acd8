"""`podline mcp`: tools by which agents run programs."""

from pathlib import Path
from typing import Final, Literal

import click
from click.core import ParameterSource

from app import logs
from app.cli.extras import needs_extra
from app.cli.failure import Failure
from app.cli.options import data_dir_option
from app.cli.target import NoService, find_target
from app.listening import CannotListen

_NEED_HTTP: Final = {"address": "--address", "port": "--port", "host_names": "--host-name"}


@click.command()
@click.option("--url", envvar="PODLINE_URL", help="The URL of the service. [env: PODLINE_URL]")
@click.option(
    "--key",
    envvar="PODLINE_KEY",
    help="The API key, without --http: there, each request carries its own. [env: PODLINE_KEY]",
)
@data_dir_option
@click.option("--http", "over_http", is_flag=True, help="Listen instead of using stdin and stdout.")
@click.option("--address", default="127.0.0.1", show_default=True, help="With --http: listen here.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="With --http: listen on this port.",
)
@click.option(
    "--host-name",
    "host_names",
    multiple=True,
    metavar="NAME",
    help="With --http: a name that clients call the server by, besides localhost. Repeatable.",
)
@click.option(
    "--log-format",
    envvar="PODLINE_LOG_FORMAT",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="The form of its log, on stderr. [env: PODLINE_LOG_FORMAT]",
)
@click.pass_context
@needs_extra("mcp")
def mcp_command(
    context: click.Context,
    url: str | None,
    key: str | None,
    data_dir: Path,
    over_http: bool,
    address: str,
    port: int,
    host_names: tuple[str, ...],
    log_format: Literal["text", "json"],
) -> None:
    """Serve the Model Context Protocol: tools by which agents run programs.

    Without options, for a host on this machine that starts this command and uses its pipes.
    """
    if not over_http:
        _refuse_what_needs_http(context)
    try:
        target = find_target(url, key, data_dir)
    except NoService as error:
        raise Failure(str(error)) from None
    # Before the library does: its tracebacks in boxes take 0.2 s each, and each client that leaves
    # before its body is complete causes one. At INFO, it would log the errors of tools, which can
    # quote what a model sent.
    logs.configure(log_format, "warning", "mcp")
    if over_http:
        from app.mcp import http

        try:
            http.serve(target.url, address, port, host_names)
        except CannotListen as error:
            raise Failure(str(error)) from error
    else:
        from app.mcp import stdio

        stdio.serve(target.url, target.key)


def _refuse_what_needs_http(context: click.Context) -> None:
    """Otherwise, somebody would wait for a server at an address where none listens."""
    for name, option in _NEED_HTTP.items():
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{option} needs --http")
