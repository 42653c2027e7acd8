"""`podline packages`: packages for programs, on this host's sandbox."""

import os
import sys
from pathlib import Path
from typing import Final

import click

from app.cli.extras import needs_extra
from app.cli.failure import Failure
from app.cli.options import json_option

_data_dir_option: Final = click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="The data folder of `podline up` or `podline sandbox`.  [default: the setting]",
)


@click.group()
def packages_command() -> None:
    """Add, list or remove the packages that programs can use.

    They are installed for the sandbox on this host, in its data folder. A running sandbox notices.
    """


@packages_command.command("add")
@click.argument("language")
@click.argument("packages", nargs=-1, metavar="[PACKAGE]...")
@click.option(
    "--requirements",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A requirements.txt, package.json or lock file with packages.",
)
@_data_dir_option
@needs_extra("sandbox")
def add_packages(
    language: str, packages: tuple[str, ...], requirements: Path | None, data_dir: Path | None
) -> None:
    """Install packages, such as `numpy` or `numpy==2.1.3`, for all programs of a language."""
    from_file = () if requirements is None else (f"--requirements={requirements}",)
    _run(data_dir, "add", *from_file, "--", language, *packages)


@packages_command.command("remove")
@click.argument("language")
@click.argument("packages", nargs=-1, required=True, metavar="PACKAGE...")
@_data_dir_option
@needs_extra("sandbox")
def remove_packages(language: str, packages: tuple[str, ...], data_dir: Path | None) -> None:
    """Remove packages that were added, and those that only they needed."""
    _run(data_dir, "remove", "--", language, *packages)


@packages_command.command("list")
@_data_dir_option
@json_option
@needs_extra("sandbox")
def list_packages(data_dir: Path | None, as_json: bool) -> None:
    """List the packages with their versions."""
    _run(data_dir, "list", *(("--json",) if as_json else ()))


@packages_command.command("lock")
@click.argument("language")
@_data_dir_option
@needs_extra("sandbox")
def lock_packages(language: str, data_dir: Path | None) -> None:
    """Print the lock file of a language's packages, which --requirements takes on other hosts."""
    _run(data_dir, "lock", "--", language)


def _run(data_dir: Path | None, action: str, *arguments: str) -> None:
    """Continue as the sandbox's own program. What it prints is the answer."""
    from app.settings import Settings, SettingsError
    from app.settings.folders import IN_DATA_FOLDER, SANDBOX
    from sandbox.private import NotPrivate, make_data_folder, set_umask

    set_umask()
    if data_dir:
        os.environ["PODLINE_DATA_DIR"] = str(data_dir)
    try:
        settings = Settings.load()
        if action != "add" and not settings.data_dir.exists():
            raise Failure(
                f"there is no data folder {settings.data_dir}: name another with --data-dir"
            )
        make_data_folder(settings.data_dir, IN_DATA_FOLDER)
    except (SettingsError, NotPrivate) as error:
        raise Failure(str(error)) from error
    languages = settings.languages_file
    command = [
        *(sys.executable, "-m", "sandbox.packages"),
        *("--data", str(settings.data_dir / SANDBOX)),
        *(("--languages", str(languages)) if languages else ()),
        action,
        *arguments,
    ]
    os.execv(command[0], command)
