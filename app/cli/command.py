"""What all commands that call the service have in common."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec

import click

from app.cli.failure import Failure, failures_explained, failures_in_json
from app.cli.options import data_dir_option, json_option
from app.cli.pauses import pauses_explained
from app.cli.target import NoService, find_target
from podline import Client

P = ParamSpec("P")


def service_command(
    *, failure: type[Failure] = Failure
) -> Callable[[Callable[Concatenate[Client, P], None]], Callable[..., None]]:
    """Add --url, --key, --data-dir and --json, and pass a client to the command.

    Errors of the service end the command with a `failure`, in JSON with --json.
    """

    def decorate(command: Callable[Concatenate[Client, P], None]) -> Callable[..., None]:
        @click.option(
            "--url", envvar="PODLINE_URL", help="The URL of the service. [env: PODLINE_URL]"
        )
        @click.option("--key", envvar="PODLINE_KEY", help="The API key. [env: PODLINE_KEY]")
        @data_dir_option
        @json_option
        @wraps(command)
        def with_client(
            url: str | None, key: str | None, data_dir: Path, *args: P.args, **kwargs: P.kwargs
        ) -> None:
            with (
                failures_in_json(kwargs["as_json"] is True),
                failures_explained(failure),
                pauses_explained(kwargs["as_json"] is True),
                _client(url, key, data_dir, failure) as client,
            ):
                command(client, *args, **kwargs)

        return with_client

    return decorate


def _client(url: str | None, key: str | None, data_dir: Path, failure: type[Failure]) -> Client:
    try:
        target = find_target(url, key, data_dir)
    except NoService as error:
        raise failure(str(error)) from None
    return Client(target.url, target.key)
