"""`podline usage`."""

import click

from app.cli.command import service_command
from app.cli.output import print_json, print_table
from app.cli.terminal import print_line
from podline import Client, Disk

_DAY = "YYYY-MM-DD"


@click.command()
@click.option("--from", "first", metavar=_DAY, help="The first day (UTC).")
@click.option("--to", "last", metavar=_DAY, help="The last day (UTC); by default, today.")
@click.option("--owner", help="Another owner's usage, or * for that of each (operators).")
@click.option("--disk", is_flag=True, help="What takes how much of the disk (operators).")
@service_command()
def usage_command(
    client: Client,
    first: str | None,
    last: str | None,
    owner: str | None,
    disk: bool,
    as_json: bool,
) -> None:
    """Show what your executions used, by the day (UTC) on which they ended."""
    if not disk:
        _show_days(client, first, last, owner, as_json=as_json)
    elif first or last or owner:
        raise click.UsageError("--disk takes neither days nor an owner")
    else:
        _show_disk(client.disk(), as_json=as_json)


def _show_days(
    client: Client, first: str | None, last: str | None, owner: str | None, *, as_json: bool
) -> None:
    days = client.usage(first=first, last=last, owner=owner)
    if as_json:
        print_json(days)
        return
    names = ("day", "owner", "executions", "CPU s", "stored bytes")
    rows = [(d.day, d.owner, d.executions, f"{d.cpu_seconds:.3f}", d.stored_bytes) for d in days]
    shown = range(5) if owner == "*" else (0, 2, 3, 4)
    print_table(
        [names[column] for column in shown], [[row[column] for column in shown] for row in rows]
    )


def _show_disk(disk: Disk, *, as_json: bool) -> None:
    if as_json:
        print_json(disk)
        return
    largest_first = sorted(disk.parts.items(), key=lambda part: part[1], reverse=True)
    rows = [*largest_first, ("total", disk.total_bytes)]
    print_table(("what", "MiB"), [(name, f"{size / 2**20:.1f}") for name, size in rows])
    if disk.free_bytes is not None:
        free, reserved = (size / 2**20 for size in (disk.free_bytes, disk.reserved_bytes))
        print_line("")
        print_line(f"{free:.0f} MiB are free. No new work begins with less than {reserved:.0f}.")
