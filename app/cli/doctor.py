"""`podline doctor`: checks what works and what doesn't."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import click

from app.cli.command import service_command
from app.cli.failure import explained
from app.cli.followed import follow
from app.cli.output import print_json, print_table
from podline import Client, Holder, PodlineError


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check."""

    name: str
    ok: bool
    detail: str


@click.command()
@click.option("--quick", is_flag=True, help="Run no programs.")
@service_command()
def doctor_command(client: Client, quick: bool, as_json: bool) -> None:
    """Check the service, the key, all dependencies and parts, and what enforces each limit.

    Also runs a program in each language, and shows how long each step took, or which role it waits
    for.
    """
    checks = list(examine(client, quick=quick))
    well = all(check.ok for check in checks)
    if as_json:
        print_json({"ok": well, "checks": checks})
    else:
        print_table(
            ("check", "", ""),
            [(check.name, "ok" if check.ok else "FAILED", check.detail) for check in checks],
        )
    sys.exit(0 if well else 1)


def examine(client: Client, *, quick: bool) -> Iterator[Check]:
    """Yield each check. If the service doesn't respond, there is only the first one."""
    try:
        readiness = client.readiness()
    except PodlineError as error:
        yield Check("service", False, explained(error))
        return
    yield Check("service", True, f"responds at {client.url}")
    for name, part in [*readiness.dependencies.items(), *readiness.parts.items()]:
        yield Check(name, part.state == "up", part.detail or part.state)
    try:  # Needs a key, and so checks the key too.
        languages = client.languages()
    except PodlineError as error:
        yield Check("key and languages", False, explained(error))
        return
    names = ", ".join(f"{language.name} {language.version}" for language in languages)
    yield Check("key and languages", bool(languages), names or "no language is installed")
    yield from _limits(client)
    if quick:
        return
    down = [name for name, each in readiness.dependencies.items() if each.state != "up"]
    if down:
        yield Check("programs", False, f"not run while this is down: {', '.join(down)}")
    else:
        for followed in follow(client, languages):
            yield Check(*followed)


def _limits(client: Client) -> Iterator[Check]:
    """Check what enforces each limit. An unenforced limit is a failure, even if it is allowed."""
    try:
        limits = client.limits_held()
    except PodlineError as error:
        yield Check("limits", False, explained(error))
        return
    for item in limits:
        enforced = item.by is not Holder.NOBODY
        by = f"enforced by the {item.by}" if enforced else "not enforced"
        yield Check(f"limit {item.limit}", enforced, f"{by}: {item.how}")
