"""`podline watch`, and what `podline run` does once the program is submitted."""

import sys

import click

from app.cli.command import speaks_to_service
from app.cli.exit_codes import INTERRUPTED, exit_code
from app.cli.failure import RunFailure, explained
from app.cli.live import LiveOutput
from app.cli.output import print_json
from app.cli.progress import Progress
from app.cli.verdict import verdict
from podline import (
    Client,
    EndEvent,
    Execution,
    Outcome,
    OutputEvent,
    PodlineError,
    ResultEvent,
    StateEvent,
    Unavailable,
    Unreachable,
)


@click.command()
@click.argument("execution_id", metavar="ID")
@speaks_to_service(failure=RunFailure)
def watch_command(client: Client, execution_id: str, as_json: bool) -> None:
    """Follow an execution to its end, as `podline run` does; Ctrl-C leaves it running."""
    execution = client.get(execution_id)
    try:
        code = follow(client, execution.id, as_json)
    except KeyboardInterrupt:
        code = INTERRUPTED
    sys.exit(code)


def follow(client: Client, execution_id: str, as_json: bool) -> int:
    """Show it to the end; the exit code that it stands for."""
    try:
        execution = client.wait(execution_id) if as_json else _shown(client, execution_id)
    except (Unreachable, Unavailable) as error:
        reason = f"{explained(error)} The execution goes on: `podline watch {execution_id}`."
        raise RunFailure(reason) from error
    if as_json:
        print_json(execution)
    return exit_code(execution)


def _shown(client: Client, execution_id: str) -> Execution:
    output = LiveOutput(sys.stdout.buffer, sys.stderr.buffer)
    execution = None
    with Progress(lambda: _queue_position(client, execution_id)) as progress:
        for event in client.stream(execution_id):
            match event:
                case StateEvent():
                    progress.show(event)
                case OutputEvent():
                    progress.stop()
                    output.show(event)
                case ResultEvent():
                    execution = event.execution
                case EndEvent():
                    break
    execution = execution or client.get(execution_id)
    _conclude(execution, output)
    return execution


def _queue_position(client: Client, execution_id: str) -> int | None:
    try:
        return client.get(execution_id).queue_position
    except PodlineError:
        return None  # the stream says what is wrong


def _conclude(execution: Execution, output: LiveOutput) -> None:
    result = execution.result
    if result is not None:
        if result.compile is not None and execution.outcome is Outcome.COMPILE_ERROR:
            click.echo(result.compile.stdout + result.compile.stderr, err=True, nl=False)
        if not output.complete(result):
            _say("an attempt was lost, and the next one printed other things: all is shown")
    if line := verdict(execution):
        _say(line)


def _say(line: str) -> None:
    click.echo(f"podline: {line}", err=True)
