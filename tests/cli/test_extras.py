"""Without extras, the command line works and names the extra that a command needs."""

import subprocess

import pytest

from app.cli import main
from tests.support.packages import run_with_only

RUN = "from app.entry import main\nmain()\n"


def podline(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process without other packages."""
    return run_with_only("podline", script=RUN, arguments=arguments)


def test_every_command_that_speaks_to_a_service_starts() -> None:
    modules = sorted({module for module, _ in main.places.values()})
    imports = "".join(f"import {module}\n" for module in modules)
    done = run_with_only("podline", script=imports)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("command", "extra"), [("up", "standalone"), ("sandbox", "sandbox"), ("settings", "server")]
)
def test_a_command_that_needs_more_names_the_extra(command: str, extra: str) -> None:
    done = podline(command)
    assert done.returncode == 1
    assert done.stderr.startswith("podline: ")
    assert done.stderr.endswith(
        f" is not installed: in a clone of Podline, run pip install '.[{extra}]'\n"
    )


def test_without_a_service_it_says_how_to_start_one() -> None:
    done = podline("list", "--url", "http://127.0.0.1:1", "--key", "none")
    assert done.returncode == 1
    assert "podline up" in done.stderr
