"""Runs the whole service on one machine, in the foreground."""

import os
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

from app.cli.up import folder, leftovers
from app.cli.up.child import Child
from app.cli.up.errors import UpError
from app.cli.up.instance import HOST, Instance, find_instance
from app.cli.up.ports import Ports
from app.cli.up.programs import programs
from app.cli.up.report import UpReport, begin, full, rewritten, unavailable
from app.cli.up.supervisor import STOP_SIGNALS, Supervisor, blocked
from app.domain.errors import IsNewer, Unavailable
from app.settings import Settings
from app.settings.folders import CALLBACK_SECRET
from app.settings.sources import FILE_VARIABLE, Given, settings_file
from app.wiring.backup import BackupError, refuse_half_restored
from app.wiring.event_logs import make_event_log
from app.wiring.files import (
    count_restarts,
    fold_logs,
    keep_private,
    kept_open,
    make_metrics_folder,
    make_shrinkable,
)
from app.wiring.stores import make_store
from sandbox.private import set_umask
from sandbox.systemd import Systemd


def run(data_dir: Path, port: int | None, mongodb: str | None, *, mcp: bool) -> None:
    """Run until Ctrl-C or SIGTERM. Raises UpError or SettingsError if it can't start.

    Port 0 means any free port; None leaves it to the settings, which the children read too.
    """
    set_umask()
    systemd = Systemd.take(os.environ)
    os.environ["PODLINE_DATA_DIR"] = str(data_dir.absolute())
    if port is not None:
        os.environ["PODLINE_PORT"] = str(port)
    if mongodb:
        os.environ["PODLINE_DATABASE_URL"] = mongodb
    settings = Settings.load()
    begin(settings, "up")
    _refuse_what_it_makes()
    with folder.held(settings.data_dir, on_full=lambda: full(settings.data_dir)):
        check_data(settings)
        leftovers.kill_recorded(settings.data_dir / folder.CHILDREN)
        _keep_settings_for_children(settings)
        with closing(Ports(HOST)) as ports:
            _supervise(settings, find_instance(settings, ports, mcp=mcp), systemd)


def check_data(settings: Settings) -> None:
    """Refuse newer data here, as each child would report it and be restarted. Raises UpError.

    What was restored in part only is refused, too, as the children would begin with nothing.

    Whatever is unavailable is printed, since children report it in their logs only.
    """
    keep_private(settings)
    try:
        refuse_half_restored(settings)
    except BackupError as error:
        raise UpError(str(error)) from error
    for what, make in (("database", make_store), ("event log", make_event_log)):
        try:
            make(settings).upgrade()
        except IsNewer as error:
            raise UpError(str(error)) from error
        except Unavailable as error:
            # Children continue once it is there.
            unavailable(what, str(error))
    for path in make_shrinkable(settings):
        rewritten(path)


def _keep_settings_for_children(settings: Settings) -> None:
    """Make relative settings absolute, because the children run in the data folder.

    Celery and `python -m` import from the working directory first, and the current one may contain
    another `app` or `tasks`.
    """
    os.environ["PODLINE_DATABASE_URL"] = settings.database_url
    os.environ["PODLINE_EVENT_LOG_URL"] = settings.event_log_url
    if file := settings_file():
        os.environ[FILE_VARIABLE] = str(file.absolute())


def _supervise(settings: Settings, instance: Instance, systemd: Systemd) -> None:
    """Defer signals that arrive during the preparation or the clean-up."""
    with blocked(STOP_SIGNALS), ExitStack() as at_end:
        at_end.callback(fold_logs, settings)
        at_end.enter_context(kept_open(settings))
        _run_children(settings, instance, systemd)


def _run_children(settings: Settings, instance: Instance, systemd: Systemd) -> None:
    make_metrics_folder(instance.data_dir / folder.METRICS)
    logs = instance.data_dir / folder.LOGS
    children = [
        Child(program, logs / f"{program.name}.log", instance.data_dir)
        for program in programs(settings, instance)
    ]
    # Before the API and the worker start, which read them, and before anybody knows the URL.
    folder.first_key(instance.data_dir)
    folder.kept_secret(instance.data_dir / CALLBACK_SECRET)
    (instance.data_dir / folder.URL).write_text(instance.url + "\n", encoding="ascii")
    report = UpReport(instance)
    report.starting()
    try:
        record = instance.data_dir / folder.CHILDREN
        count = partial(count_restarts, instance.data_dir / folder.METRICS)
        Supervisor(children, record, report, count=count, systemd=systemd).run()
    finally:
        # The next user of that port must not be sent the key.
        (instance.data_dir / folder.URL).unlink(missing_ok=True)


def _refuse_what_it_makes() -> None:
    """Refuse settings that `podline up` makes itself, which it would otherwise ignore silently."""
    given = Given.read()
    for name in ("redis_url", "runtime_url", "admin_key"):
        if (origin := given.origin(name)) != "default":
            raise UpError(
                f"podline up sets {name} itself: remove it from {origin}, or run each part "
                "as a service of its own, as docs/deployment.md describes"
            )
