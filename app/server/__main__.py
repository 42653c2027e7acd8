"""`python -m app.server --bind HOST:PORT`: serve until SIGTERM or SIGINT.

`--door NAME=HOST:PORT` opens a port for a door; `--grace SECONDS` is for requests in progress;
`--processes N` shares the work among processes, which count together in `PROMETHEUS_MULTIPROC_DIR`.
"""

import argparse
import gc
import logging
import resource
import signal
import socket
from collections.abc import Callable
from typing import Final

from app import logs
from app.listening import CannotListen, listen
from app.server.connections import Server, adjustments
from app.server.processes import become_one_of
from app.server.sharing import Share, Shares
from app.server.threads import Threads
from sandbox.memory import return_what_is_freed

THREADS: Final = 640
"""One for each open stream or `?wait` (`WAITING_ANSWERS`), and some for other requests."""
CONNECTIONS: Final = 5000
_DESCRIPTORS_BESIDE: Final = 512
"""For stores, Redis, logs, and request bodies in files."""


def main() -> None:
    arguments = _arguments()
    logs.configure_early("api")
    return_what_is_freed()
    shares = Shares(arguments.processes)
    serve = _prepared(arguments, shares)
    # What is loaded stays: looking for reference cycles in it takes 0.2 s, at a stop too.
    gc.freeze()
    number = become_one_of(shares.rounds) if arguments.processes > 1 else 0
    serve(number)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m app.server")
    parser.add_argument("--bind", type=_address, required=True, metavar="HOST:PORT")
    parser.add_argument(
        "--grace",
        type=float,
        default=1.0,
        metavar="SECONDS",
        help="seconds to wait at a stop for requests in progress (default: 1)",
    )
    parser.add_argument(
        "--door",
        type=_port_of_door,
        action="append",
        default=[],
        metavar="NAME=HOST:PORT",
        help="also serve this door at the root of a port of its own",
    )
    parser.add_argument(
        "--processes",
        type=int,
        default=1,
        metavar="N",
        help="processes that share the addresses (default: 1)",
    )
    return parser.parse_args()


def _prepared(arguments: argparse.Namespace, shares: Shares) -> Callable[[int], None]:
    """Listen, and load the application. The result serves it, as the process of that number."""
    listening = _listen(*arguments.bind)
    ports = {door: _listen(*address) for door, address in arguments.door}
    # Not earlier, as it takes a second: an address in use should be reported at once.
    from app.api.application import OPEN_DOORS
    from app.wsgi import application, begin

    # waitress would log the path of each client that leaves, and how many requests wait.
    logging.getLogger("waitress").setLevel(logging.WARNING)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    adj = adjustments(application.config["MAX_CONTENT_LENGTH"], _connection_limit())
    doors = application.config[OPEN_DOORS]
    if closed := ports.keys() - {door.name for door in doors}:
        logs.exit_with(f"the door {min(closed)} has a port but is not open: see PODLINE_DOORS")

    def serve(number: int) -> None:
        begin()
        share = Share(shares, number)
        threads = Threads(THREADS)
        server = Server(application, listening, threads, adj, doors=doors, ports=ports, share=share)
        for stop in (signal.SIGTERM, signal.SIGINT):
            signal.signal(stop, lambda *_: server.stop(arguments.grace))
        log = logging.getLogger("app.server")
        log.info("listening at %s:%d", *arguments.bind)
        for door, address in arguments.door:
            log.info("listening for %s at %s:%d", door, *address)
        server.run()

    return serve


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} must be HOST:PORT")
    return host.strip("[]"), int(port)


def _port_of_door(text: str) -> tuple[str, tuple[str, int]]:
    name, _, address = text.partition("=")
    return name, _address(address)


def _listen(host: str, port: int) -> socket.socket:
    try:
        return listen(host, port)
    except CannotListen as error:
        logs.exit_with(f"the API {error}")


def _connection_limit() -> int:
    """Raise the limit on open files if possible, and return the connections that it allows."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(most, 2 * CONNECTIONS) if most != resource.RLIM_INFINITY else 2 * CONNECTIONS
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    return min(CONNECTIONS, max(wanted - _DESCRIPTORS_BESIDE, wanted // 2))


if __name__ == "__main__":
    main()
