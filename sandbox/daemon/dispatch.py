"""One connection to the daemon: requests, each answered in turn."""

import logging
import socket
from collections.abc import Callable, Mapping
from dataclasses import asdict
from queue import Empty
from typing import Final, TypeAlias

from sandbox.daemon.pods import Pods
from sandbox.wire import framing, messages, requests
from sandbox.wire.framing import Error, Header, ProtocolError
from sandbox.wire.types import PodRefused

_SECONDS_BETWEEN_LOOKS_AT_WATCHER: Final = 30.0

Answer: TypeAlias = tuple[object, bytes]

log = logging.getLogger(__name__)


def serve(connection: socket.socket, pods: Pods) -> None:
    """Until the other side closes, or sends what is no message."""
    try:
        while (message := _receive(connection)) is not None:
            header, body = message
            if header.get("op") == "watch":
                _push_changes(connection, pods)
            else:
                answer, content = _answer(pods, header, body)
                framing.send(connection, answer, content)
    except ProtocolError as error:
        _refuse(connection, str(error))
    except OSError as error:
        log.debug("a connection broke: %s", error)


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
        log.debug("nobody heard that a request was bad: %s", error)


def _answer(pods: Pods, header: Header, body: bytes) -> tuple[Header, bytes]:
    operation = _OPERATIONS.get(str(header.get("op")))
    try:
        if operation is None:
            raise ProtocolError(f"op: must be one of {', '.join([*_OPERATIONS, 'watch'])}")
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


def _create(pods: Pods, header: Header, body: bytes) -> Answer:
    pods.create(requests.pod_of(header.get("pod"), body))
    return None, b""


def _observe(pods: Pods, header: Header, _body: bytes) -> Answer:
    wait_seconds = requests.wait_of(header.get("wait_seconds", 0))
    observation = pods.observe(requests.name_of(header.get("name")), wait_seconds)
    return (messages.observation_header(observation) if observation else None), b""


def _output(pods: Pods, header: Header, _body: bytes) -> Answer:
    output = pods.output(requests.name_of(header.get("name")))
    return messages.output_message(output) if output else (None, b"")


def _follow(pods: Pods, header: Header, _body: bytes) -> Answer:
    after = requests.number_of(header.get("after"), "after")
    return messages.frames_message(pods.follow(requests.name_of(header.get("name")), after))


def _delete(pods: Pods, header: Header, _body: bytes) -> Answer:
    pods.delete(requests.name_of(header.get("name")))
    return None, b""


def _list(pods: Pods, _header: Header, _body: bytes) -> Answer:
    return pods.names(), b""


def _languages(pods: Pods, _header: Header, _body: bytes) -> Answer:
    return [asdict(language) for language in pods.languages()], b""


def _limits(pods: Pods, _header: Header, _body: bytes) -> Answer:
    return [asdict(limit) for limit in pods.limits], b""


def _ping(_pods: Pods, _header: Header, _body: bytes) -> Answer:
    return None, b""


_OPERATIONS: Mapping[str, Callable[[Pods, Header, bytes], Answer]] = {
    "create": _create,
    "observe": _observe,
    "output": _output,
    "follow": _follow,
    "delete": _delete,
    "list": _list,
    "languages": _languages,
    "limits": _limits,
    "ping": _ping,
}


def _push_changes(connection: socket.socket, pods: Pods) -> None:
    """From the answer on, every change is sent. The connection serves nothing else any more."""
    with pods.watch() as changes:
        framing.send(connection, {"ok": None})
        while not _hung_up(connection):
            try:
                name = changes.get(timeout=_SECONDS_BETWEEN_LOOKS_AT_WATCHER)
            except Empty:
                continue
            if name is None:
                return
            framing.send(connection, {"ok": name})


def _hung_up(connection: socket.socket) -> bool:
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
