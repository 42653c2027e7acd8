"""`podline watch`, and what `podline run` does after the submission."""

import sys
from typing import Final

import click

from app.cli.command import service_command
from app.cli.exit_codes import exit_code
from app.cli.failure import RunFailure, explained
from app.cli.live import LiveOutput
from app.cli.output import print_json
from app.cli.process import Stopped, stops_raised
from app.cli.progress import Progress
from app.cli.terminal import print_line, sink
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

raw_option: Final = click.option(
    "--raw", is_flag=True, help="Don't escape control characters on a terminal."
)


@click.command()
@click.argument("execution_id", metavar="ID")
@raw_option
@service_command(failure=RunFailure)
def watch_command(client: Client, execution_id: str, raw: bool, as_json: bool) -> None:
    """Follow an execution to its end, as `podline run` does; Ctrl-C leaves it running."""
    try:
        with stops_raised():
            execution = client.get(execution_id)
            code = follow(client, execution.id, raw=raw, as_json=as_json)
    except Stopped as stopped:
        code = stopped.exit_code
    sys.exit(code)


def follow(client: Client, execution_id: str, *, raw: bool, as_json: bool) -> int:
    """Show the execution to its end, and return the exit code."""
    try:
        execution = client.wait(execution_id) if as_json else _shown(client, execution_id, raw)
    except (Unreachable, Unavailable) as error:
        reason = f"{explained(error)} The execution continues: `podline watch {execution_id}`."
        raise RunFailure(reason) from error
    if as_json:
        print_json(execution)
    return exit_code(execution)


def _shown(client: Client, execution_id: str, raw: bool) -> Execution:
    output = LiveOutput(sink(sys.stdout, raw), sink(sys.stderr, raw))
    try:
        execution = _streamed(client, execution_id, output)
        same = execution.result is None or output.complete(execution.result)
    finally:
        output.finish()
    _conclude(execution, same, raw)
    return execution


def _streamed(client: Client, execution_id: str, output: LiveOutput) -> Execution:
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
    return execution or client.get(execution_id)


def _queue_position(client: Client, execution_id: str) -> int | None:
    try:
        return client.get(execution_id).queue_position
    except PodlineError:
        return None  # the stream will report the error


def _conclude(execution: Execution, same: bool, raw: bool) -> None:
    if execution.outcome is Outcome.COMPILE_ERROR:
        _show_compiler_output(execution, raw)
    if not same:
        _say("an attempt was lost, and the next one printed something else; all output is shown")
    if line := verdict(execution):
        _say(line)


def _show_compiler_output(execution: Execution, raw: bool) -> None:
    compiled = execution.result and execution.result.compile
    if compiled:
        stderr = sink(sys.stderr, raw)
        stderr.write((compiled.stdout + compiled.stderr).encode())
        stderr.finish()


def _say(line: str) -> None:
    print_line(f"podline: {line}", err=True)
