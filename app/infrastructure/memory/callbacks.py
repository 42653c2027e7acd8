"""Receivers of callbacks, in memory."""

from app.domain.callback_url import problem_with
from app.domain.errors import CallbackFailed
from app.ports import Delivery


class MemoryCallbacks:
    """Every receiver accepts, except those in `refuse`, by host."""

    def __init__(self) -> None:
        self.sent: list[Delivery] = []
        self.refuse: dict[str, str] = {}

    def send(self, delivery: Delivery) -> None:
        if problem := problem_with(delivery.callback.url, ()):
            raise CallbackFailed(problem)
        for host, reason in self.refuse.items():
            if host in delivery.callback.url:
                raise CallbackFailed(reason)
        self.sent.append(delivery)
