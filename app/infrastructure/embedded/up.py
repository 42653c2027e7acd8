"""`podline up`: the whole service on one machine, in the foreground."""

import os
from pathlib import Path

from app.infrastructure.embedded import folder, leftovers
from app.infrastructure.embedded.child import Child
from app.infrastructure.embedded.errors import UpError
from app.infrastructure.embedded.probes import free_port
from app.infrastructure.embedded.programs import HOST, Place, programs
from app.infrastructure.embedded.report import Report
from app.infrastructure.embedded.supervisor import Supervisor
from app.settings import Settings
from app.settings.sources import FILE_VARIABLE, settings_file


def run(data_dir: Path, port: int, mongodb: str | None) -> None:
    """Until Ctrl-C or SIGTERM. Raises UpError or SettingsError if it can't start.

    Port 0 is any free one. The children read the same settings as this process.
    """
    os.environ["PODLINE_DATA_DIR"] = str(data_dir.absolute())
    os.environ["PODLINE_PORT"] = str(port)
    if mongodb:
        os.environ["PODLINE_DATABASE_URL"] = mongodb
    settings = Settings.load()
    _refuse_other_servers(settings)
    with folder.held(settings.data_dir):
        leftovers.kill_recorded(settings.data_dir / folder.CHILDREN)
        _keep_settings_for_children(settings)
        _supervise(settings, _place(settings))


def _keep_settings_for_children(settings: Settings) -> None:
    """They run in the data folder, since Celery and `python -m` import from the working folder
    first, and an `app` or `tasks` of somebody else may be there.
    """
    os.environ["PODLINE_DATABASE_URL"] = settings.database_url
    os.environ["PODLINE_EVENT_LOG_URL"] = settings.event_log_url
    if file := settings_file():
        os.environ[FILE_VARIABLE] = str(file.absolute())


def _supervise(settings: Settings, place: Place) -> None:
    url = f"http://{HOST}:{place.api_port}"
    (place.data_dir / folder.URL).write_text(url + "\n", encoding="ascii")
    logs = place.data_dir / folder.LOGS
    children = [
        Child(program, logs / f"{program.name}.log", place.data_dir)
        for program in programs(settings, place)
    ]
    report = Report(place.data_dir, url)
    report.starting()
    Supervisor(children, place.data_dir / folder.CHILDREN, report).run()


def _refuse_other_servers(settings: Settings) -> None:
    """It starts these itself, so an address of others would be ignored without a word."""
    default = Settings.model_fields
    for name in ("redis_url", "runtime_url"):
        own = default[name].get_default(
            call_default_factory=True, validated_data={"data_dir": settings.data_dir}
        )
        if getattr(settings, name) != own:
            raise UpError(f"podline up starts its own server for {name}: leave it unset")


def _place(settings: Settings) -> Place:
    api_port = free_port(HOST, settings.port)
    if api_port is None:
        raise UpError(f"port {settings.port} is taken: choose another with --port")
    flower_port = free_port(HOST, settings.flower_port) or free_port(HOST, 0)
    assert flower_port is not None, "any port will do"
    password = settings.flower_password
    secret = (
        password.get_secret_value()
        if password
        else folder.kept_secret(settings.data_dir / folder.FLOWER_PASSWORD)
    )
    return Place(settings.data_dir, api_port, flower_port, f"{settings.flower_user}:{secret}")
