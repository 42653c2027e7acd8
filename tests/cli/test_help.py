"""The help texts, which are complete and import only what they need."""

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from app.cli import main
from app.cli.exit_codes import CANCELLED, FAILED, OF_OUTCOME, OURS
from app.cli.process import BROKEN_PIPE, STOPPED


@pytest.mark.parametrize("name", list(main.places))
def test_every_command_is_where_it_is_said_to_be(name: str) -> None:
    done = CliRunner().invoke(main, [name, "--help"])
    assert done.exit_code == 0
    assert f"podline {name}" in done.stdout


def test_there_is_no_other_command() -> None:
    done = CliRunner().invoke(main, ["dance"])
    assert done.exit_code == 2
    assert main.get_command(click.Context(main), "dance") is None


def test_help_of_run_has_every_exit_code() -> None:
    shown = CliRunner().invoke(main, ["run", "--help"]).stdout
    for code in [CANCELLED, FAILED, OURS, BROKEN_PIPE, *STOPPED, *OF_OUTCOME.values()]:
        assert str(code) in shown


def test_help_imports_neither_service_nor_client() -> None:
    program = """
import sys
from app.cli import main
main(["--help"], standalone_mode=False)
heavy = {"httpx", "rich", "flask", "celery", "pydantic", "podline"} & sys.modules.keys()
sys.exit(f"imported: {heavy}" if heavy else 0)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "languages" in done.stdout
