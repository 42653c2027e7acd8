"""The port of Celery's messages."""

from typing import Protocol

from app.domain.execution import State


class Pipeline(Protocol):
    """Publishes Celery messages. Raises BrokerUnavailable within a second."""

    def start(self, execution_id: str, state: State) -> None:
        """The chain from the step that this state calls for: `chain_from(state)`."""

    def replay(self, replay_id: str) -> None:
        """The next slice of a replay session."""

    def resend(self, queue: str, item: bytes) -> None:
        """Put a raw message back on its queue: to retry a poison message."""
