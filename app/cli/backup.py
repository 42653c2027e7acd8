"""`podline backup` and `podline restore`: on this host, with the settings in force here."""

import os
from pathlib import Path

import click

from app.cli.extras import needs_extra
from app.cli.failure import Failure
from app.cli.options import data_dir_option
from app.cli.process import reason
from app.cli.terminal import print_line


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@data_dir_option
@needs_extra("server")
def backup_command(file: Path, data_dir: Path) -> None:
    """Save databases, blobs and secrets in a new FILE, also while the service runs.

    FILE is a tar archive that only you can read. It contains all programs and results, and the
    first admin key, in clear.
    """
    from app.domain.errors import PodlineError
    from app.settings import Settings
    from app.wiring.backup import back_up
    from sandbox.private import set_umask

    set_umask()
    os.environ["PODLINE_DATA_DIR"] = str(data_dir.absolute())
    try:
        saved = back_up(Settings.load(), file)
    except PodlineError as error:
        raise Failure(f"no backup was made: {error}") from error
    except OSError as error:
        raise Failure(f"no backup was made: {reason(error)}") from error
    print_line(f"{file}: {file.stat().st_size} bytes, with {saved.blobs} blobs")
    if saved.erased:
        print_line(f"{saved.erased} executions were erased meanwhile, and are erased in it")
    if not saved.has_log:
        print_line("no event log is in it: only one in SQLite would be")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace what is in the data folder.")
@data_dir_option
@needs_extra("server")
def restore_command(file: Path, force: bool, data_dir: Path) -> None:
    """Put what FILE contains into a data folder whose service is stopped.

    Executions that were running when the backup was made run again, as another attempt.
    """
    from app.cli.up.folder import held
    from app.domain.audit import Details
    from app.domain.errors import PodlineError
    from app.infrastructure.clock import now
    from app.service.audit import done_here
    from app.settings import Settings
    from app.wiring.backup import holds_service, restore
    from app.wiring.stores import make_store
    from sandbox.private import set_umask

    if not file.is_file():
        raise Failure(f"{file} is not a file")
    set_umask()
    os.environ["PODLINE_DATA_DIR"] = str(data_dir.absolute())
    try:
        settings = Settings.load()
        if holds_service(settings) and not force:
            raise Failure(
                f"{settings.data_dir} holds a service: name another folder with --data-dir, "
                "or replace what is there with --force"
            )
        with held(settings.data_dir, on_full=_no_space, command="podline restore"):
            found = restore(settings, file)
            facts: Details = {"backup": found.created_at, "force": force}
            done_here(make_store(settings).audit, now, "podline restore", facts)
    except PodlineError as error:
        raise Failure(str(error)) from error
    except OSError as error:
        raise Failure(reason(error)) from error
    print_line(f"restored the backup of {found.created_at}, with {found.blobs} blobs")


def _no_space() -> None:
    raise Failure("the disk is full")
