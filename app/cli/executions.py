"""`podline get`, `list`, `logs`, `cancel`, `retry` and `delete`."""

import sys
from base64 import b64encode
from collections.abc import Mapping
from typing import Final

import click

from app.cli.command import service_command
from app.cli.facts import facts_of
from app.cli.failure import Failure, explained
from app.cli.listing import first, limit_option
from app.cli.options import choice, pairs
from app.cli.output import print_facts, print_json, print_table
from app.cli.terminal import print_line, sink
from app.cli.watch import raw_option
from podline import Client, NotFound, Outcome, Priority, State

_LISTED: Final = 20


@click.command()
@click.argument("execution_id", metavar="ID")
@click.option("--wait", is_flag=True, help="Wait until the execution has ended.")
@service_command()
def get_command(client: Client, execution_id: str, wait: bool, as_json: bool) -> None:
    """Show one execution; with --json, its output too."""
    execution = client.wait(execution_id) if wait else client.get(execution_id)
    if as_json:
        print_json(execution)
    else:
        print_facts(facts_of(execution))


@click.command()
@click.option("--state", type=choice(State))
@click.option("--outcome", type=choice(Outcome))
@click.option("--language", metavar="NAME")
@click.option("--priority", type=choice(Priority))
@click.option(
    "--label",
    "labels",
    multiple=True,
    callback=pairs,
    metavar="NAME=VALUE",
    help="May be repeated, and all must match.",
)
@click.option("--batch", metavar="ID", help="The executions of this batch.")
@click.option("--owner", help="Another owner's executions, or `*` for all (operators).")
@limit_option(_LISTED)
@service_command()
def list_command(
    client: Client,
    state: str | None,
    outcome: str | None,
    language: str | None,
    priority: str | None,
    labels: Mapping[str, str],
    batch: str | None,
    owner: str | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """List your executions, newest first."""
    found = client.list(
        state=state,
        outcome=outcome,
        language=language,
        priority=priority,
        labels=labels,
        batch=batch,
        owner=owner,
        page_size=min(limit or _LISTED + 1, 100),
    )
    executions = first(found, limit, _LISTED, which="newest", as_json=as_json)
    if as_json:
        print_json(executions)
        return
    columns = ("id", "state", "outcome", "language", "age", "labels")
    rows = [(e.id, e.state, e.outcome, e.language, e.created_at, e.labels) for e in executions]
    if owner is None:
        print_table(columns, rows)
    else:
        owners = [execution.owner for execution in executions]
        print_table((*columns, "owner"), [(*row, of) for row, of in zip(rows, owners, strict=True)])


@click.command()
@click.argument("execution_ids", metavar="ID...", nargs=-1, required=True)
@service_command()
def cancel_command(client: Client, execution_ids: tuple[str, ...], as_json: bool) -> None:
    """Cancel executions that have not ended."""
    cancelled = [client.cancel(execution_id) for execution_id in execution_ids]
    if as_json:
        print_json(cancelled)
    else:
        for execution in cancelled:
            print_line(f"{execution.id} {execution.state}")


@click.command()
@click.argument("execution_ids", metavar="ID...", nargs=-1, required=True)
@service_command()
def retry_command(client: Client, execution_ids: tuple[str, ...], as_json: bool) -> None:
    """Run programs again, and print the ids of the new executions."""
    retried = []
    for execution_id in execution_ids:
        retried.append(client.retry(execution_id))
        if not as_json:
            print_line(retried[-1].id)
    if as_json:
        print_json(retried)


@click.command()
@click.argument("execution_ids", metavar="ID...", nargs=-1, required=True)
@service_command()
def delete_command(client: Client, execution_ids: tuple[str, ...], as_json: bool) -> None:
    """Erase the programs and results of executions that have ended, for good."""
    for execution_id in execution_ids:
        client.delete(execution_id)
        if not as_json:
            print_line(f"{execution_id} deleted")
    if as_json:
        print_json({"deleted": execution_ids})


@click.command()
@click.argument("execution_id", metavar="ID")
@raw_option
@service_command()
def logs_command(client: Client, execution_id: str, raw: bool, as_json: bool) -> None:
    """Print what a program that has ended printed: its stdout and its stderr, each on ours.

    `podline watch` shows the output of a program that still runs.
    """
    try:
        printed = {"stdout": client.stdout(execution_id), "stderr": client.stderr(execution_id)}
    except NotFound as error:
        if client.get(execution_id).state.terminal:
            raise
        hint = f"`podline watch {execution_id}` shows what it prints"
        raise Failure(f"{explained(error)}; {hint}") from error
    if as_json:
        print_json(_as_in_api(printed))
        return
    for content, stream in zip(printed.values(), (sys.stdout, sys.stderr), strict=True):
        shown = sink(stream, raw)
        shown.write(content)
        shown.finish()


def _as_in_api(printed: Mapping[str, bytes]) -> dict[str, str | None]:
    """Text, and base64 as well for what is not UTF-8."""
    shown: dict[str, str | None] = {}
    for name, content in printed.items():
        shown[name] = content.decode(errors="replace")
        exact = shown[name] == content.decode(errors="backslashreplace")
        shown[f"{name}_base64"] = None if exact else b64encode(content).decode("ascii")
    return shown
