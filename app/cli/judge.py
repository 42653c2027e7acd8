"""`podline judge`: runs a program on the tests in a folder."""

import sys
from pathlib import Path
from typing import Any, Final, cast

import click

from app.cli.command import service_command
from app.cli.exit_codes import CANCELLED, FAILED
from app.cli.failure import RunFailure
from app.cli.output import print_json, print_table
from app.cli.process import Stopped, stops_raised
from app.cli.program.language import language_of
from app.cli.program.options import program_options
from app.cli.program.submission import submission_of
from app.cli.run import cancelled_if_broken_off
from app.cli.terminal import print_line
from podline import (
    Client,
    Execution,
    Outcome,
    Result,
    State,
    Submission,
    TestEvent,
    TestOutcome,
    TestResult,
    read_tests,
)

NOT_ALL_PASS: Final = 1
_COLUMNS: Final = ("TEST", "VERDICT", "TIME", "MEMORY", "POINTS", "MESSAGE")
_KINDS: Final = ("exact", "lines", "tokens")


def _compare(ctx: click.Context, param: click.Parameter, value: str | None) -> object:
    kind, _, bound = (value or "").partition(":")
    if value is None or value in _KINDS:
        return value
    if kind == "numbers":
        try:
            tolerance = float(bound)
        except ValueError:
            pass
        else:
            return {"numbers": {"absolute": tolerance, "relative": tolerance}}
    raise click.BadParameter(
        f"{value!r} is not one of {', '.join(_KINDS)} and numbers:BOUND, such as numbers:1e-9",
        ctx,
        param,
    )


@click.command()
@program_options
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--compare",
    callback=_compare,
    metavar="KIND",
    help="How outputs are compared: exact, lines (the default), tokens, or numbers:BOUND, where "
    "numbers may differ by BOUND, or by this share.",
)
@click.option(
    "--checker",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A program that judges instead, such as one that uses testlib.h beside it.",
)
@click.option("--stop-on-failure", is_flag=True, help="Skip the tests after the first failure.")
@click.option("--follow", is_flag=True, help="Show on stderr how each test ends, when it ends.")
@service_command(failure=RunFailure)
def judge_command(
    client: Client, /, folder: Path, follow: bool, as_json: bool, **options: Any
) -> None:
    """Run the program FILE on each test in FOLDER, and show what became of each.

    Tests are pairs of files such as 1.in and 1.out (or .ans), the folders input and output, or
    Kattis' data/sample and data/secret. The exit code is 0 only if all tests pass; otherwise 1,
    118 if the execution was cancelled, 119 if the service could not run it, or 125 if the service
    can't be reached or refuses. Ctrl-C cancels the execution.
    """
    try:
        with stops_raised():
            submission = _submission(client, folder, options)
            with cancelled_if_broken_off(client, submission) as execution_id:
                if follow:
                    _follow(client, execution_id, submission)
                execution = client.wait(execution_id)
                _print(execution, as_json)
                code = _exit_code(execution)
    except Stopped as stopped:
        code = stopped.exit_code
    sys.exit(code)


def _submission(client: Client, folder: Path, options: dict[str, Any]) -> Submission:
    submission = submission_of(client, options)
    judging = {
        "tests": read_tests(folder),
        "compare": options["compare"],
        "checker": options["checker"] and _checker(client, options["checker"]),
        "stop_on_failure": options["stop_on_failure"],
        "keep_output": "none",
    }
    given = {name: value for name, value in judging.items() if value is not None}
    return cast(Submission, submission | given)


def _checker(client: Client, path: Path) -> dict[str, object]:
    """A checker with the headers that are in its folder, such as testlib.h."""
    files = {each.name: each.read_bytes() for each in (path, *path.parent.glob("*.h"))}
    language = language_of(path, client.languages())
    return {"language": language, "files": files, "entrypoint": path.name}


def _follow(client: Client, execution_id: str, submission: Submission) -> None:
    """Show how each test ends. If an attempt is lost, the next one begins with the first test."""
    tests = submission["tests"]
    for event in client.stream(execution_id):
        if isinstance(event, TestEvent):
            name = tests[event.index].get("name", event.index + 1)
            print_line(f"{name}: {_end_of(event)}", err=True)


def _end_of(event: TestEvent) -> str:
    if event.exit_code is None and event.signal is None:
        return "skipped"
    how = event.stopped_by or event.signal or f"exit code {event.exit_code}"
    return f"{how}, {_milliseconds(event.wall_ms)}"


def _milliseconds(wall_ms: float | None) -> str | None:
    return None if wall_ms is None else f"{wall_ms:.0f} ms"


def _print(execution: Execution, as_json: bool) -> None:
    if as_json:
        print_json(execution)
    elif execution.result is not None:
        _print_result(execution, execution.result)
    else:
        reason = f": {execution.message}" if execution.message else ""
        print_line(f"podline: execution {execution.id} is {execution.state}{reason}", err=True)


def _print_result(execution: Execution, result: Result) -> None:
    tests = result.tests or ()
    if execution.outcome is Outcome.COMPILE_ERROR and result.compile:
        for line in f"{result.compile.stdout}{result.compile.stderr}".splitlines():
            print_line(line)
    if tests:
        print_table(_COLUMNS, map(_row, tests))
    passed = sum(test.outcome is TestOutcome.SUCCESS for test in tests)
    points = f"{result.points or 0:g} of {result.points_max or 0:g} points"
    print_line(f"{execution.outcome}: {passed} of {len(tests)} tests passed, {points}")
    if execution.message:
        print_line(execution.message)


def _row(test: TestResult) -> tuple[object, ...]:
    return (
        test.name,
        test.outcome,
        _milliseconds(test.wall_ms),
        None if test.memory_peak_kib is None else f"{test.memory_peak_kib / 1024:.1f} MiB",
        f"{test.points:g}",
        " ".join(test.message.split()) if test.message else None,
    )


def _exit_code(execution: Execution) -> int:
    if execution.state is State.CANCELLED:
        return CANCELLED
    if execution.state is State.FAILED:
        return FAILED
    return 0 if execution.outcome is Outcome.SUCCESS else NOT_ALL_PASS
