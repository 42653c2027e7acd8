"""The sandbox daemon: plays the kubelet's part on one machine.

`python -m sandbox.daemon --socket PATH --data DIR --bays N`

It keeps the status and output of every pod until the pod is deleted, even over its own restart.
When it is killed, the pids 1 of its jails see their sockets close and end everything with them. The
next daemon on the same data folder reports those pods as faulted.
"""

import argparse
import fcntl
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from sandbox import alive, logs
from sandbox.daemon.ahead import Ahead, When
from sandbox.daemon.bay import Bay
from sandbox.daemon.bays import Bays
from sandbox.daemon.kits import Kits, Packages
from sandbox.daemon.limits import LimitNotHeld, refuse_unheld
from sandbox.daemon.listener import accept, listen
from sandbox.daemon.own_limits import limit_daemon
from sandbox.daemon.pods import Pods
from sandbox.daemon.programs import Programs
from sandbox.daemon.selftest import NoJail, limits_held
from sandbox.daemon.spool import Spool
from sandbox.daemon.traces import Traces, records, traces_of
from sandbox.environments import FOLDER, Store
from sandbox.jail import kit
from sandbox.jail.mounts import Mounts, Unusable
from sandbox.languages import BadLanguages, load
from sandbox.memory import return_what_is_freed
from sandbox.metering.meter import Meter
from sandbox.metering.meters import find_meters
from sandbox.private import FOR_JAILS, make_data_folder, make_shared_folder, set_umask
from sandbox.systemd import Systemd
from sandbox.toolchains.search import Toolchains, find_toolchains
from sandbox.wire.types import LimitName

_STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
_LEVELS: Final = ("debug", "info", "warning", "error")
_THREAD_STACK_BYTES: Final = 512 * 1024
_IN_DATA_FOLDER: Final = ("jail", "lock", "pods", "programs", "podline-records", FOLDER)
_SECONDS_OF_GIL: Final = 0.0005
"""A bay that reads much must not delay another's `create` by the default 5 ms."""
_SECONDS_BETWEEN_LOOKS: Final = 0.2
"""Whether anything is left to drain."""

log = logging.getLogger("podline.sandbox")


def main() -> None:
    set_umask()
    systemd = Systemd.take(os.environ)
    arguments = _arguments()
    logs.configure(arguments.log_format, arguments.log_level, "sandbox")
    limit_daemon()
    return_what_is_freed()
    threading.stack_size(_THREAD_STACK_BYTES)
    sys.setswitchinterval(_SECONDS_OF_GIL)
    data: Path = arguments.data
    try:
        kit.check_installed()
        make_data_folder(data, _IN_DATA_FOLDER)
        with _lock(data), traces_of(kit.name_of(data), records(data)) as traces:
            for_group = make_shared_folder(arguments.socket.absolute().parent)
            _run(arguments, traces, systemd, for_group=for_group)
    except (kit.NotInstalled, BadLanguages, LimitNotHeld, NoJail, Unusable, OSError) as error:
        logs.exit_with(f"the sandbox can't start: {error}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.daemon")
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True, help="kept over restarts")
    parser.add_argument("--bays", type=int, default=os.cpu_count(), help="pods at once")
    parser.add_argument("--ready-jails", type=int, help="kept waiting; by default, one per bay")
    parser.add_argument(
        "--ahead",
        type=When,
        choices=list(When),
        default=When.IDLE,
        help="when to start a compiler before its program is there",
    )
    parser.add_argument("--slots", type=int, help="pods at once (default: one for each bay)")
    parser.add_argument("--languages", type=Path, help="a file with more of them")
    parser.add_argument("--log-format", choices=["text", "json"], default="text")
    parser.add_argument("--log-level", default="info", choices=_LEVELS)
    parser.add_argument(
        "--unheld-limit",
        dest="unheld_limits",
        type=LimitName,
        action="append",
        default=[],
        help="start also if this one does not hold here",
    )
    return parser.parse_args()


@contextmanager
def _lock(data: Path) -> Iterator[None]:
    """Allow one daemon per data folder, for as long as the process lives."""
    with (data / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OSError(f"another daemon is using {data}") from error
        yield


def _run(
    arguments: argparse.Namespace, traces: Traces, systemd: Systemd, *, for_group: bool
) -> None:
    """Serve the socket until a stop signal. At the end, nothing runs any more."""
    stop = _stop_signals()
    if os.geteuid() == 0:  # others have all of it in their data folders
        traces.mounts(kit.place_for_mounts(arguments.data))
        traces.folder(kit.folder_of(arguments.data))
    mounts = Mounts(kit.place_for_mounts(arguments.data))
    toolchains = find_toolchains(load(arguments.languages), mounts)
    packages = _packages(Store(arguments.data / FOLDER), mounts)
    meters = find_meters(kit.name_of(arguments.data), arguments.bays + 1, traces.group)
    pods = _make_pods(arguments, toolchains, packages, meters, mounts)
    listener = listen(arguments.socket, for_group=for_group)
    pods.start()
    toolchains.prepare()
    threading.Thread(target=accept, args=[listener, pods], daemon=True).start()
    log.info("ready: %d bays at %s", arguments.bays, arguments.socket)
    systemd.ready()
    _wait(stop, arguments.socket, systemd)
    systemd.stopping()
    _drain(pods, stop)
    log.info("stopping")
    arguments.socket.unlink(missing_ok=True)
    toolchains.stop()
    pods.stop()
    for meter in meters:
        meter.close()
    mounts.close()


def _wait(stop: socket.socket, path: Path, systemd: Systemd) -> None:
    """Return at a stop signal. Until then, systemd's watchdog is fed while the daemon answers."""
    while True:
        stop.settimeout(systemd.pause)
        with suppress(TimeoutError):
            stop.recv(1)
            return
        if alive.answers(path):
            systemd.alive()


def _drain(pods: Pods, stop: socket.socket) -> None:
    """Reserve nothing more, and wait until what was reserved has ended and was deleted.

    Nobody does that if no client holds bays, and a second signal ends the wait.
    """
    pods.reservations.drain()
    stop.settimeout(_SECONDS_BETWEEN_LOOKS)
    while pods.reservations.has_holders() and (pods.names() or pods.reservations.count().reserved):
        with suppress(TimeoutError):
            stop.recv(1)
            return


def _make_pods(
    arguments: argparse.Namespace,
    toolchains: Toolchains,
    packages: Packages | None,
    meters: Sequence[Meter],
    mounts: Mounts,
) -> Pods:
    """Try the limits, and make the bays. Raises LimitNotHeld, NoJail and OSError."""
    # Behind those of pods come the bay of what is started ahead, and the spare bay, in which files
    # for all programs are made.
    for_ahead, spare = arguments.bays, arguments.bays + 1
    programs = Programs(arguments.data / "programs" / FOR_JAILS, arguments.bays + 2)
    jail_kit = kit.prepare(arguments.data, mounts, mounts.reach(programs.shown))
    limits = limits_held(jail_kit, meters[0])
    refuse_unheld(limits, arguments.unheld_limits)
    kits = Kits(jail_kit, toolchains, packages, spare_bay=spare)
    kits.refresh()
    ready_jails = arguments.bays if arguments.ready_jails is None else arguments.ready_jails
    bays = [
        Bay(number, meter, kits, keeps_jail=number < ready_jails)
        for number, meter in enumerate(meters[:for_ahead])
    ]
    spool = Spool(arguments.data / "pods")
    ahead = None
    if arguments.ahead is not When.NEVER:
        bay = Bay(for_ahead, meters[for_ahead], kits, keeps_jail=False)
        ahead = Ahead(bay, arguments.ahead)
    return Pods(toolchains, limits, spool, programs, Bays(bays), kits, ahead, arguments.slots)


def _packages(store: Store, mounts: Mounts) -> Packages | None:
    """None if jails can't reach the folder. Raises OSError."""
    store.make()
    store.sweep()
    try:
        return Packages(store, mounts.reach(store.builds))
    except Unusable as error:
        log.error("programs have no packages: %s", error)
        return None


def _stop_signals() -> socket.socket:
    """A socket that becomes readable at a stop signal.

    It is the wake-up descriptor, since a signal just before a wait would be lost otherwise.
    """
    stop, wake_up = socket.socketpair()
    wake_up.setblocking(False)
    signal.set_wakeup_fd(wake_up.detach())
    for number in _STOP_SIGNALS:
        signal.signal(number, lambda *_: None)
    # `podline sandbox` blocks them until the daemon can handle them.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)
    return stop


if __name__ == "__main__":
    main()
