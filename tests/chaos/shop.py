"""The receiver of callbacks, which can fail for a while."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from podline import Execution, verify_callback
from tests.support.receiver import Received, Receiver, accept, respond

_REFUSE = respond("503 Service Unavailable")
_ANY_AGE = 1e9
"""Seconds. Clocks are stepped, and signatures are checked at the end."""


class Shop(Receiver):
    """Keeps only what it has accepted."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        super().__init__(answer=self._answer, host=host)
        self._fails = False
        self._decision = threading.local()
        """Whether the request of this thread is refused: noted and answered alike."""

    @contextmanager
    def failing(self) -> Iterator[None]:
        """Refuse everything meanwhile."""
        self._fails = True
        try:
            yield
        finally:
            self._fails = False

    def sent(self, secrets: Mapping[str, str]) -> list[Execution]:
        """Return what was accepted. `secrets` has those of the owners' keys.

        Raises InvalidSignature.
        """
        return [_verified(each, secrets) for each in self.received]

    def _note(self, received: Received) -> None:
        self._decision.refuses = refuses = self._fails
        if not refuses:
            super()._note(received)

    def _answer(self, connection: socket.socket) -> None:
        (_REFUSE if self._decision.refuses else accept)(connection)


def _verified(received: Received, secrets: Mapping[str, str]) -> Execution:
    owner = received.path.rpartition("/")[2]
    signature = received.headers["Podline-Signature"]
    return verify_callback(received.body, signature, secrets[owner], tolerance=_ANY_AGE)
