"""`podline audit`: the audit log."""

from typing import Final

import click

from app.cli.command import service_command
from app.cli.listing import first, limit_option
from app.cli.output import print_json, print_table
from podline import AuditRecord, Client

_LISTED: Final = 50


@click.command()
@limit_option(_LISTED)
@service_command()
def audit_command(client: Client, limit: int | None, as_json: bool) -> None:
    """Show what operators and admins changed, newest first. Needs an admin's key.

    Also shows who signed in to the web page, and what commands on the server did, such as restore.
    """
    found = first(client.audit_log.list(), limit, _LISTED, which="newest", as_json=as_json)
    if as_json:
        print_json(found)
    else:
        print_table(
            ("age", "key", "name", "role", "from", "action", "target", "outcome"),
            [
                (r.time, r.key_id, r.name, r.role, r.address, r.action, _target(r), _outcome(r))
                for r in found
            ],
        )


def _target(record: AuditRecord) -> str:
    return " ".join(f"{name}={value}" for name, value in record.target.items())


def _outcome(record: AuditRecord) -> str:
    return record.outcome if record.status is None else f"{record.outcome} ({record.status})"
