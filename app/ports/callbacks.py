"""The ports of callbacks: who sends them, and in which thread."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from app.domain.callback import Callback
from app.domain.execution import Execution
from app.domain.result import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One try to deliver a callback."""

    execution: Execution
    result: Result | None
    callback: Callback
    secrets: tuple[str, ...] = field(repr=False)
    """Each signs."""
    traceparent: str | None = None
    """The trace that the receiver can continue."""


class Callbacks(Protocol):
    """Sends callbacks to their receivers."""

    def send(self, delivery: Delivery) -> None:
        """Send the execution in the callback's form, within 5 s.

        Raises CallbackFailed unless the receiver accepts it.

        Connects to an address only if the rules of app.domain.callback_url allow each address that
        the URL's host has.
        """


class Couriers(Protocol):
    """Threads for deliveries: 8 in the whole service, and at most 7 for one owner, 2 for one host.

    While Redis is down, each process has as many. A worker that dies keeps its own for 15 s.
    """

    def start(self, owner: str, host: str, work: Callable[[], None]) -> bool:
        """Work in a thread. Returns False, and does nothing, if too many are taken."""

    def wait(self, seconds: float) -> bool:
        """Return True once a thread may be free; False after that time."""
