"""`podline console`: the web page."""

import click

from app.cli.command import service_command
from app.cli.output import print_json
from app.cli.terminal import print_line
from podline import Client


def link(client: Client, timeout: float | None = None) -> str:
    """Return an address that opens the web page, signed in with this client's key, once.

    The token is in the fragment, which no browser sends, so no server or proxy logs it.
    """
    token = client.sign_in_token(timeout=timeout).token
    return f"{client.url.rstrip('/')}/sign-in#token={token}"


@click.command()
@service_command()
def console_command(client: Client, as_json: bool) -> None:
    """Print a link that opens the web page, signed in with your key.

    It works once, within five minutes.
    """
    found = link(client)
    if as_json:
        print_json({"url": found})
    else:
        print_line(found)
