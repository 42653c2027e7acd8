"""The help texts, which are complete and import only what they need."""

import subprocess
import sys
from importlib.metadata import version

import click
import pytest
from click.testing import CliRunner

import podline
from app.cli import main
from app.cli.exit_codes import CANCELLED, FAILED, OF_OUTCOME, OURS
from app.cli.process import BROKEN_PIPE, STOPPED


@pytest.mark.parametrize("option", ["--help", "-h"])
@pytest.mark.parametrize("name", list(main.places))
def test_every_command_is_where_it_is_said_to_be(name: str, option: str) -> None:
    done = CliRunner().invoke(main, [name, option])
    assert done.exit_code == 0
    assert f"podline {name}" in done.stdout


@pytest.mark.parametrize("args", [["-h"], ["dlq", "list", "-h"], ["packages", "-h"]])
def test_help_is_short(args: list[str]) -> None:
    done = CliRunner().invoke(main, args)
    assert (done.exit_code, done.stdout) == (
        0,
        CliRunner().invoke(main, [*args[:-1], "--help"]).stdout,
    )


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["rnu"], "No such command 'rnu'. Did you mean 'run'?"),
        (["sbumit"], "Did you mean 'submit'?"),
        (["dlq", "lits"], "Did you mean 'list'?"),
        (["run", "--priorty", "low"], "Did you mean '--priority'?"),
    ],
)
def test_near_names_are_suggested(args: list[str], said: str) -> None:
    done = CliRunner().invoke(main, args)
    assert done.exit_code == 2
    assert said in done.stderr


def test_names_that_are_not_near_are_not_suggested() -> None:
    assert "Did you mean" not in CliRunner().invoke(main, ["xyzzy"]).stderr
    assert "No such option" in CliRunner().invoke(main, ["--dance"]).stderr


def test_the_package_says_its_version() -> None:
    assert podline.__version__ == version("podline")
    assert podline.__version__ in CliRunner().invoke(main, ["--version"]).stdout


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
