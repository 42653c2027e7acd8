"""Messages between the daemon and init, the pid 1 of a jail, over a socket."""

import socket
import struct
from collections.abc import Sequence

from sandbox.init.protocol import REPORT_BYTES, InitReport, Kind, Stage, encode
from sandbox.wire.framing import send_pieces

_CREDENTIALS = struct.Struct("3i")


def send_stage(control: socket.socket, stage: Stage, streams: Sequence[int]) -> None:
    """Have init run the stage on these descriptors (stdin, stdout, stderr)."""
    head, pieces = encode(stage)
    socket.send_fds(control, [head], streams)
    send_pieces(control, pieces)


def send_request(
    control: socket.socket, request: tuple[bytes, bytes], streams: Sequence[int]
) -> None:
    """Have init send what a stage made or left over the second of these descriptors."""
    head, body = request
    socket.send_fds(control, [head], streams)
    control.sendall(body)


def receive_report(control: socket.socket) -> InitReport | None:
    """Return None if init is gone."""
    try:
        message = control.recv(REPORT_BYTES, socket.MSG_WAITALL)
    except ConnectionError:
        return None
    if len(message) < REPORT_BYTES:
        return None
    return InitReport.unpack(message)


def receive_ready(control: socket.socket) -> int | None:
    """Return the pid of init as the daemon sees it, once it sends READY; None if it is gone.

    The kernel sends the translated pid (SO_PASSCRED, unix(7)).
    """
    space = socket.CMSG_SPACE(_CREDENTIALS.size)
    try:
        message, ancillary, _, _ = control.recvmsg(REPORT_BYTES, space, socket.MSG_WAITALL)
    except ConnectionError:
        return None
    if len(message) < REPORT_BYTES or InitReport.unpack(message).kind != Kind.READY:
        return None
    pids = [_CREDENTIALS.unpack(data)[0] for *_, data in ancillary]
    return pids[0] if pids else None


def send_kill(control: socket.socket) -> None:
    """Have init kill the running stage; DONE follows all the same."""
    control.send(b"k", socket.MSG_NOSIGNAL)
