"""The daemon's socket: who can connect to it, and how many at once."""

import os
import socket
import struct
import threading
from pathlib import Path
from typing import Final

from sandbox.daemon.dispatch import serve
from sandbox.daemon.pods import Pods

_CONNECTIONS_MAX: Final = 200
_SECONDS_TO_TAKE_AN_ANSWER: Final = 30


def listen(path: Path, *, for_group: bool) -> socket.socket:
    """A socket at that path, for this user alone or for the group of its folder."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    before = os.umask(0o117 if for_group else 0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(before)
    if for_group and os.geteuid() == 0:
        os.chown(path, -1, path.parent.stat().st_gid)
    listener.listen(_CONNECTIONS_MAX)
    return listener


def accept(listener: socket.socket, pods: Pods) -> None:
    """Serve each connection in a thread of its own. Never returns."""
    places = threading.BoundedSemaphore(_CONNECTIONS_MAX)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_serve, args=[connection, pods, places], daemon=True).start()


def _serve(connection: socket.socket, pods: Pods, places: threading.BoundedSemaphore) -> None:
    send_timeout = struct.pack("ll", _SECONDS_TO_TAKE_AN_ANSWER, 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, send_timeout)
    with places, connection:
        serve(connection, pods)
