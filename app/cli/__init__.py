"""The command line. It uses HTTP only, through the package `podline`.

Each command is imported on first use, so that `podline run` doesn't pay for the others.
"""

import click

from app.cli.lazy import LazyGroup

main = LazyGroup(
    name="podline",
    help="Run untrusted programs: start the service with `podline up`, then `podline run FILE`.",
    places={
        "up": ("app.cli.up.command", "Start the whole service here, in the foreground."),
        "sandbox": ("app.cli.sandbox", "Start the sandbox daemon alone, in the foreground."),
        "run": ("app.cli.run", "Run a program, with its output and its exit code."),
        "submit": ("app.cli.submit", "Submit a program and print its id."),
        "watch": ("app.cli.watch", "Follow an execution to its end."),
        "get": ("app.cli.executions", "Show one execution."),
        "list": ("app.cli.executions", "List executions, newest first."),
        "cancel": ("app.cli.executions", "Cancel executions."),
        "queue": ("app.cli.service", "Show what waits and what runs."),
        "languages": ("app.cli.service", "List what can be run."),
        "dlq": ("app.cli.dlq", "See, retry or discard dead letters."),
        "events": ("app.cli.events", "Show the event log."),
        "replay": ("app.cli.replay", "Do parts of the event log again."),
        "keys": ("app.cli.keys", "List, create or delete API keys."),
        "doctor": ("app.cli.doctor", "Check that all of it works."),
        "settings": ("app.cli.settings", "Show every setting and where it came from."),
    },
)
click.version_option(package_name="podline")(main)
