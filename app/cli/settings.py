"""`podline settings`: the settings in force, and where each came from."""

import click

from app.cli.extras import needs_extra
from app.cli.failure import Failure
from app.cli.options import json_option
from app.cli.output import print_json, print_table


@click.command()
@json_option
@needs_extra("server")
def settings_command(as_json: bool) -> None:
    """Show every setting in force here, and where it came from. Secrets are masked."""
    from app.settings import Settings, SettingsError, listing

    try:
        listed = listing(Settings.load())
    except SettingsError as error:
        raise Failure(str(error)) from error
    if as_json:
        print_json([setting._asdict() for setting in listed])
    else:
        # Some values are long, so they are last: see print_table.
        print_table(("setting", "from", "value"), [(s.name, s.source, s.value) for s in listed])
