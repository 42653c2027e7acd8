"""The command line. It uses HTTP only, through the package `podline`.

Each command is imported on first use, so that `podline run` doesn't pay for the others.
"""

import click

from app.cli.lazy import LazyGroup

main = LazyGroup(
    name="podline",
    help="Run untrusted programs: start the service with `podline up`, then `podline run FILE`.",
    places={
        "up": ("app.cli.up.command", "Run the whole service here, in the foreground."),
        "host": ("app.cli.host.command", "Add a sandbox host to a service, in the foreground."),
        "sandbox": ("app.cli.sandbox", "Run only the sandbox daemon, in the foreground."),
        "run": ("app.cli.run", "Run a program, and exit with its exit code."),
        "judge": ("app.cli.judge", "Run a program on the tests in a folder."),
        "submit": ("app.cli.submit", "Submit a program and print its id."),
        "watch": ("app.cli.watch", "Follow an execution to its end."),
        "get": ("app.cli.executions", "Show one execution."),
        "list": ("app.cli.executions", "List executions, newest first."),
        "logs": ("app.cli.executions", "Print what a program printed."),
        "cancel": ("app.cli.executions", "Cancel executions."),
        "retry": ("app.cli.executions", "Run programs again, as new executions."),
        "delete": ("app.cli.executions", "Erase executions that have ended."),
        "mcp": ("app.cli.mcp", "Serve tools by which agents run programs."),
        "packages": (
            "app.cli.packages",
            "Add, list or remove packages for programs, on this host.",
        ),
        "backup": ("app.cli.backup", "Save everything in one file, also while the service runs."),
        "restore": ("app.cli.backup", "Put a backup into a data folder."),
        "queue": ("app.cli.service", "Show how much is queued and running."),
        "usage": ("app.cli.usage", "Show what your executions used, by day."),
        "workers": ("app.cli.service", "Show which workers run, and where programs run."),
        "languages": ("app.cli.service", "List the available languages."),
        "dlq": ("app.cli.dlq", "Show, retry or discard dead letters."),
        "events": ("app.cli.events", "Show the event log."),
        "replay": ("app.cli.replay", "Replay events from the log."),
        "audit": ("app.cli.audit", "Show what operators and admins changed."),
        "keys": ("app.cli.keys", "List, create, change or delete API keys."),
        "console": ("app.cli.console", "Print a link that opens the web page, signed in."),
        "doctor": ("app.cli.doctor", "Check that everything works."),
        "settings": ("app.cli.settings", "Show every setting and where it came from."),
    },
)
click.version_option(package_name="podline")(main)
