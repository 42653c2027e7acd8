"""`podline queue`, `workers` and `languages`."""

from collections.abc import Sequence

import click

from app.cli.command import service_command
from app.cli.output import print_json, print_table
from app.cli.terminal import print_line
from podline import Client, Place, Priority


@click.command()
@service_command()
def queue_command(client: Client, as_json: bool) -> None:
    """Show how much is queued and running. Needs an operator's key."""
    overview = client.queue()
    if as_json:
        print_json(overview)
        return
    print_table(
        ("state", *Priority),
        [
            (state, *(counts.get(priority, 0) for priority in Priority))
            for state, counts in overview.counts.items()
        ],
    )
    slots = overview.slots
    print_line("")
    print_line(f"slots: {_known(slots.used)} used, {_known(slots.free)} free of {slots.total}")
    places = client.workers().places
    if pools := [pool for place in places for pool in place.started_ahead]:
        ready = ", ".join(f"{p.language} {p.version}: {p.ready} of {p.size}" for p in pools)
        print_line(f"pods started ahead: {ready}")
    if hosts := [place for place in places if place.name]:
        free = ", ".join(f"{_named(p)} {_known(p.free)} of {p.slots}" for p in hosts)
        print_line(f"free bays of the sandbox hosts: {free}")
    if overview.oldest_queued_seconds is not None:
        print_line(f"the oldest has been queued for {overview.oldest_queued_seconds:.1f} s")
    if overview.owners:
        longest = ", ".join(f"{each.owner} {each.queued}" for each in overview.owners)
        print_line(f"the longest queues: {longest}")


@click.command()
@service_command()
def workers_command(client: Client, as_json: bool) -> None:
    """Show which workers run, and where programs run. Needs an operator's key."""
    found = client.workers()
    if as_json:
        print_json(found)
        return
    print_table(
        ("name", "kind", "roles", "version", "last seen", "steps"),
        [
            (w.name, w.kind, " ".join(w.roles), w.version, w.seen_at, len(w.steps))
            for w in found.items
        ],
    )
    print_line("")
    print_table(
        ("place", "version", "slots", "free", "languages"),
        [
            (_named(p), p.version, p.slots, _known(p.free), _listed(p.languages))
            for p in found.places
        ],
    )


def _named(place: Place) -> str | None:
    """None for the only place of a service without sandbox hosts."""
    return f"{place.name} (draining)" if place.draining else place.name


def _listed(names: Sequence[str] | None) -> str:
    return "?" if names is None else " ".join(names)


def _known(count: int | None) -> str:
    return "?" if count is None else str(count)


@click.command()
@service_command()
def languages_command(client: Client, as_json: bool) -> None:
    """List the available languages, with their versions and packages."""
    languages = client.languages()
    if as_json:
        print_json(languages)
    else:
        print_table(
            ("language", "version", "file", "compiled", "packages"),
            [
                (lg.name, lg.version, lg.source_name, "yes" if lg.compiled else "no", lg.packages)
                for lg in languages
            ],
        )
