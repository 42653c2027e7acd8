"""`podline keys`: API keys."""

from collections.abc import Sequence
from typing import Final, cast

import click

from app.cli.command import service_command
from app.cli.options import OrDefault, Seconds, choice
from app.cli.output import print_json, print_table
from app.cli.terminal import print_line
from podline import Client, Key, KeyLimits, Role

_QUOTA: Final = click.IntRange(1)


@click.group()
def keys_command() -> None:
    """List, create, change or delete API keys, or rotate the secrets of their callbacks.

    Needs an admin's key.
    """


@keys_command.command("list")
@service_command()
def list_keys(client: Client, as_json: bool) -> None:
    """List all keys. Their secrets can't be shown again."""
    keys = client.keys.list()
    if as_json:
        print_json(keys)
    else:
        print_keys(keys)


def print_keys(keys: Sequence[Key]) -> None:
    print_table(
        ("id", "name", "role", "age", "unfinished", "requests", "CPU s a day", "door"),
        [
            (
                *(key.id, key.name, key.role, key.created_at),
                *(key.max_unfinished, key.requests),
                None if key.cpu_day is None else f"{key.cpu_day:.15g}",
                key.door,
            )
            for key in keys
        ],
    )


@keys_command.command("create")
@click.argument("name")
@click.option("--role", type=choice(Role), default=Role.USER.value, show_default=True)
@click.option(
    "--unfinished",
    "--max-unfinished",
    "max_unfinished",
    type=_QUOTA,
    help="The owner's quota of unfinished executions.",
)
@click.option(
    "--requests", metavar="RATE", help="Requests per s, m, h or d, such as 10/s or 1000/h."
)
@click.option("--cpu-day", type=Seconds(), help="CPU seconds in a day (UTC).")
@click.option(
    "--door", metavar="DOOR", help="The only door that it opens, such as piston; not the API."
)
@service_command()
def create_key(
    client: Client,
    name: str,
    role: str,
    max_unfinished: int | None,
    requests: str | None,
    cpu_day: float | None,
    door: str | None,
    as_json: bool,
) -> None:
    """Create a key for the owner NAME and print it. It can't be shown again.

    Also shows, on stderr, the secret that signs callbacks, which can't be shown again either.
    """
    key = client.keys.create(
        name,
        role=role,
        max_unfinished=max_unfinished,
        requests=requests,
        cpu_day=cpu_day,
        door=door,
    )
    if as_json:
        print_json(key)
    else:
        print_line(key.key)
        if key.callback_secret:
            print_line(f"The secret of its callbacks: {key.callback_secret}", err=True)


@keys_command.command("change")
@click.argument("key_id", metavar="ID")
@click.option("--unfinished", "--max-unfinished", "max_unfinished", type=OrDefault(_QUOTA))
@click.option("--requests", type=OrDefault(click.STRING), metavar="RATE")
@click.option("--cpu-day", type=OrDefault(Seconds()), metavar="SECONDS")
@service_command()
def change_key(
    client: Client,
    key_id: str,
    max_unfinished: int | str | None,
    requests: str | None,
    cpu_day: float | str | None,
    as_json: bool,
) -> None:
    """Change limits of a key. `default` stands for the service's setting.

    Those that are not given stay as they are.
    """
    given = {"max_unfinished": max_unfinished, "requests": requests, "cpu_day": cpu_day}
    limits = {
        name: None if value == OrDefault.WORD else value
        for name, value in given.items()
        if value is not None
    }
    key = client.keys.change(key_id, **cast(KeyLimits, limits))
    if as_json:
        print_json(key)
    else:
        print_keys([key])


@keys_command.command("rotate-secret")
@click.argument("key_id", metavar="ID")
@service_command()
def rotate_secret(client: Client, key_id: str, as_json: bool) -> None:
    """Print a new secret for the callbacks of a key. For 24 hours, the old one signs too."""
    rotated = client.keys.rotate_secret(key_id)
    if as_json:
        print_json(rotated)
    else:
        print_line(rotated.callback_secret)


@keys_command.command("delete")
@click.argument("key_id", metavar="ID")
@service_command()
def delete_key(client: Client, key_id: str, as_json: bool) -> None:
    """Delete a key, so that it is no longer valid."""
    client.keys.delete(key_id)
    if as_json:
        print_json({"deleted": key_id})
