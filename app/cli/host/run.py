"""Runs the sandbox daemon and a worker beside it, and drains them in the end."""

import os
import platform
import re
import signal
import socket
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path

from app.cli.host.drain import Drain
from app.cli.host.report import HostReport, WorkersReport
from app.cli.host.workers import Workers
from app.cli.up import folder, leftovers, probes
from app.cli.up.child import Child
from app.cli.up.errors import GivenUp, UpError
from app.cli.up.programs import host_programs, worker_beside
from app.cli.up.report import begin, unavailable, waits_for_redis
from app.cli.up.supervisor import STOP_SIGNALS, Supervisor, blocked
from app.domain.errors import CoordinationUnavailable, IsNewer, StoreUnavailable
from app.domain.hosts import HOST_NAME
from app.infrastructure.celery.heartbeat import Heartbeat
from app.ports import Fleet, Hosts, Leases
from app.service.hosts import has_another_database, others
from app.settings import Settings
from app.settings.folders import IN_DATA_FOLDER, runtime_folder
from app.settings.sources import FILE_VARIABLE, settings_file, variable
from app.settings.urls import HOSTS, socket_path, sqlite_path
from app.wiring import make_leases
from app.wiring.files import make_metrics_folder, serve_metrics
from app.wiring.hosts import make_fleet
from app.wiring.stores import make_store
from sandbox.private import make_data_folder, make_folder, set_umask
from sandbox.systemd import Systemd

START_SECONDS = 15.0
"""How long a name is kept for a host that starts, until its heartbeats do that."""
PATIENCE_SECONDS = START_SECONDS + 1.0
"""How long a host of this name that was killed may seem to be alive, or to start."""


def run(data_dir: Path, name: str | None) -> None:
    """Run until it has drained. Raises UpError or SettingsError if it can't start."""
    if name and not re.fullmatch(HOST_NAME, name):
        raise UpError(
            "--name must have 1 to 63 characters of a-z, 0-9 and '-', and no '-' at either end"
        )
    _shared_settings(data_dir)
    os.environ["PODLINE_HOST"] = name or own_name()
    os.environ["PODLINE_RUNTIME_URL"] = f"unix://{_socket(data_dir.absolute())}"
    settings = Settings.load()
    systemd = Systemd.take(os.environ)
    report = HostReport(settings)
    with folder.held(settings.data_dir, on_full=report.full, command="podline host"):
        leftovers.kill_recorded(settings.data_dir / folder.CHILDREN)
        fleet = make_fleet(settings)
        take_name(fleet, make_leases(settings))
        check_database(settings, fleet.hosts)
        with blocked(STOP_SIGNALS):
            _supervise(settings, report, systemd)


def run_workers(data_dir: Path, daemons: Path) -> None:
    """Run a worker beside each daemon whose socket is in the folder `daemons`.

    Raises UpError or SettingsError if it can't start.
    """
    settings = _shared_settings(data_dir)
    make_data_folder(settings.data_dir, IN_DATA_FOLDER)
    make_folder(runtime_folder(settings.data_dir))
    os.environ.pop(variable("heartbeat_file"), None)
    _serve_metrics_of_workers(settings)
    heartbeat = Heartbeat(settings.heartbeat_file)

    def make_child(socket: Path) -> Child:
        return Child(worker_beside(settings, socket), log=None, folder=settings.data_dir)

    fleet = make_fleet(settings)
    check_database(settings, fleet.hosts)
    refusals = partial(refused_sockets, fleet)
    report = WorkersReport(settings.data_dir)
    Workers(daemons.absolute(), make_child, refusals, report).run(heartbeat.beat)


def _serve_metrics_of_workers(settings: Settings) -> None:
    """Serve what all workers count, as they come and go, at the one port that is set, if any.

    Raises UpError if it is in use.
    """
    if settings.metrics_port is None:
        return
    os.environ.pop(variable("metrics_port"), None)
    counted = settings.data_dir / folder.METRICS
    make_metrics_folder(counted)
    try:
        # Signals are for the thread that looks after the workers.
        with blocked(STOP_SIGNALS | {signal.SIGCHLD}):
            serve_metrics(counted, settings.metrics_host, settings.metrics_port)
    except OSError as error:
        raise UpError(f"{variable('metrics_port')} can't be used: {error}") from error


def _shared_settings(data_dir: Path) -> Settings:
    """The settings in force, for children too, which run in the data folder. Raises UpError."""
    set_umask()
    os.environ["PODLINE_DATA_DIR"] = str(data_dir.absolute())
    os.environ.pop("PODLINE_HOST", None)
    if file := settings_file():
        os.environ[FILE_VARIABLE] = str(file.absolute())
    settings = Settings.load()
    begin(settings, "host")
    refuse_what_is_not_shared(settings)
    return settings


def _supervise(settings: Settings, report: HostReport, systemd: Systemd) -> None:
    logs = settings.data_dir / folder.LOGS
    children = [
        Child(program, logs / f"{program.name}.log", settings.data_dir)
        for program in host_programs(settings)
    ]
    report.starting()
    record = settings.data_dir / folder.CHILDREN
    try:
        Supervisor(children, record, report, Drain(settings), systemd=systemd).run()
    except GivenUp as error:
        raise UpError(
            f"another host has the name {settings.host} by now, because this one was silent for "
            "too long: start this one under another name with --name"
        ) from error


def refuse_what_is_not_shared(settings: Settings) -> None:
    """Refuse settings with which this host would be alone. Raises UpError."""
    if sqlite_path(settings.database_url):
        raise UpError(
            f"{variable('database_url')} must be the service's MongoDB: sandbox hosts share it"
        )
    if (path := socket_path(settings.redis_url)) and not path.exists():
        raise UpError(f"{variable('redis_url')} must be the service's Redis; nothing is at {path}")
    if settings.runtime_url != HOSTS:
        raise UpError(
            f"{variable('runtime_url')} must be {HOSTS}, here and in the other parts of the service"
        )


def check_database(settings: Settings, hosts: Hosts) -> None:
    """Report what is unavailable: otherwise, only a log does.

    Raises UpError if the database is newer than this release, or is not the service's. A name that
    is spelled wrong creates another database, and the host would end what it doesn't find there.
    """
    with closing(make_store(settings)) as store:
        try:
            store.upgrade()
            is_another = has_another_database(store, hosts)
        except IsNewer as error:
            raise UpError(str(error)) from error
        except StoreUnavailable as error:
            unavailable("database", str(error))
        except CoordinationUnavailable as error:
            waits_for_redis(str(error))
        else:
            if is_another:
                raise UpError(
                    f"{variable('database_url')} names another database than that of the service, "
                    f"whose Redis this is: use the service's {variable('database_url')} here"
                )


def take_name(
    fleet: Fleet,
    leases: Leases,
    *,
    waits: Callable[[str], object] = waits_for_redis,
    now: Callable[[], float] = time.monotonic,
    pause: Callable[[float], object] = time.sleep,
) -> None:
    """Keep the name from others that start at the same time.

    Waits for Redis, which knows them. `waits` is told once why it is unavailable. Raises UpError if
    the name is that of another host that is alive, or starts.
    """
    name, lease = fleet.here, f"host.{fleet.here}"
    deadline = now() + PATIENCE_SECONDS
    was_available = True
    while True:
        try:
            if name not in others(fleet) and leases.acquire(lease, START_SECONDS) is not None:
                return
            if now() > deadline:
                raise UpError(f"a host {name} is alive already: choose another name with --name")
        except CoordinationUnavailable as error:
            if was_available:
                waits(str(error))
            was_available = False
            deadline = now() + PATIENCE_SECONDS
        pause(0.5)


def refused_sockets(fleet: Fleet, sockets: Collection[Path]) -> Mapping[Path, str]:
    """Which of these get no worker, and why: two workers must not serve one host."""
    refused = {
        path: f"no sandbox daemon answers there ({why})"
        for path in sockets
        if (why := probes.why_silent(path))
    }
    answer = [path for path in sockets if path not in refused]
    try:
        taken = others(fleet) if answer else set()
    except CoordinationUnavailable as error:
        return refused | dict.fromkeys(answer, f"Redis is unavailable ({error})")
    return refused | {
        path: f"another host that is alive has the name {path.stem}"
        for path in answer
        if path.stem in taken
    }


def own_name() -> str:
    """The first label of this machine's name, as far as a host's name can have it."""
    label = socket.gethostname().partition(".")[0].lower()
    name = re.sub("[^a-z0-9-]", "-", label).strip("-")
    return name if re.fullmatch(HOST_NAME, name) else platform.machine().lower().replace("_", "-")


def _socket(data_dir: Path) -> Path:
    return runtime_folder(data_dir) / "sandbox.sock"
