"""Serves one connection: answers its requests one after another."""

import logging
import socket
from typing import Final

from sandbox.daemon.operations import OPERATIONS
from sandbox.daemon.pods import Pods
from sandbox.wire import framing, requests
from sandbox.wire.framing import Error, Header, ProtocolError
from sandbox.wire.types import PodRefused
from sandbox.wire.versions import OURS, WITHOUT_HELLO, Incompatible, Versions, agreed

_SECONDS_BETWEEN_LOOKS_AT_WATCHER: Final = 30.0

_OF_A_CONNECTION: Final = ("hello", "watch", "reserve")

log = logging.getLogger(__name__)


def serve(connection: socket.socket, pods: Pods) -> None:
    """Serve until the other side closes the connection, or sends what is not a message."""
    version = WITHOUT_HELLO.newest
    try:
        while (message := _receive(connection)) is not None:
            header, body = message
            match header.get("op"):
                case "watch":
                    _push_changes(connection, pods)
                case "reserve":
                    _grant_bays(connection, pods)
                case "hello":
                    answer, version = _greet(header)
                    framing.send(connection, answer)
                case _:
                    answer, content = _answer(pods, header, body, version)
                    framing.send(connection, answer, content)
                    del content
            del message, body  # All of these can be large, and the next may come much later.
    except ProtocolError as error:
        _refuse(connection, str(error))
    except OSError as error:
        log.debug("a connection broke off: %s", error)


def _receive(connection: socket.socket) -> tuple[Header, bytes] | None:
    return framing.receive(
        connection,
        header_max=framing.REQUEST_HEADER_MAX,
        body_max=framing.REQUEST_BODY_MAX,
    )


def _refuse(connection: socket.socket, message: str) -> None:
    try:
        framing.send(connection, _error(Error.BAD_REQUEST, message))
    except OSError as error:
        log.debug("could not report a bad request: %s", error)


def _greet(header: Header) -> tuple[Header, int]:
    """Return the answer to a hello, and the version that the connection speaks from now on."""
    try:
        service = Versions(
            newest=requests.number_of(header.get("version"), "version"),
            oldest=requests.number_of(header.get("oldest"), "oldest"),
        )
        version = agreed(daemon=OURS, service=service)
    except ProtocolError as error:
        return _error(Error.BAD_REQUEST, str(error)), WITHOUT_HELLO.newest
    except Incompatible as error:
        return _error(Error.INCOMPATIBLE, str(error)), WITHOUT_HELLO.newest
    return {"ok": {"version": OURS.newest, "oldest": OURS.oldest}}, version


def _answer(pods: Pods, header: Header, body: bytes, version: int) -> tuple[Header, bytes]:
    known = OPERATIONS[version]
    operation = known.get(str(header.get("op")))
    try:
        if operation is None:
            raise ProtocolError(f"op: must be one of {', '.join([*known, *_OF_A_CONNECTION])}")
        result, content = operation(pods, header, body)
    except ProtocolError as error:
        return _error(Error.BAD_REQUEST, str(error)), b""
    except PodRefused as error:
        return _error(Error.REFUSED, str(error)), b""
    except OSError as error:
        return _error(Error.FAILED, str(error)), b""
    return {"ok": result}, content


def _error(kind: Error, message: str) -> Header:
    return {"error": kind, "message": message}


def _push_changes(connection: socket.socket, pods: Pods) -> None:
    """Send every change from now on. The connection serves nothing else any more."""
    with pods.watch() as changes:
        framing.send(connection, {"ok": None})
        while not _hung_up(connection):
            name = changes.get(_SECONDS_BETWEEN_LOOKS_AT_WATCHER)
            if name is not None:
                framing.send(connection, {"ok": name})
            elif changes.stopped:
                return


def _grant_bays(connection: socket.socket, pods: Pods) -> None:
    """Send a message for each bay that is granted; receive one for each that is given back."""
    reservations = pods.reservations
    with reservations.holder(lambda what: framing.send(connection, {"ok": what})) as holder:
        while _receive(connection) is not None:
            reservations.give_back(holder)


def _hung_up(connection: socket.socket) -> bool:
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
