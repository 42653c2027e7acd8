"""Whether the sandbox daemon answers, as a probe for Docker and Kubernetes.

    python -m sandbox.alive SOCKET

That it can be connected to would not show it: the kernel accepts connections for a daemon that
hangs.
"""

import socket
import sys
from pathlib import Path
from typing import Final

from sandbox.wire import framing
from sandbox.wire.versions import OURS

HELLO: Final = {"op": "hello", "version": OURS.newest, "oldest": OURS.oldest}
SECONDS: Final = 2.0
"""A busy machine is no reason to restart a daemon."""


def answers(path: Path, timeout: float = SECONDS) -> bool:
    """Whether the daemon says within `timeout` seconds which versions it speaks."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(timeout)
            connection.connect(str(path))
            framing.send(connection, HELLO)
            return framing.receive(connection) is not None
    except (OSError, framing.ProtocolError):
        return False


if __name__ == "__main__":
    (_, path) = sys.argv
    if not answers(Path(path)):
        sys.exit(f"the sandbox daemon at {path} does not answer")
