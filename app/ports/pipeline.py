"""The port of the messages between workers."""

from typing import Protocol

from app.domain.execution import State


class Pipeline(Protocol):
    """Publishes messages. Raises BrokerUnavailable within a second.

    Only the pipeline knows what a raw message looks like.
    """

    def start(self, execution_id: str, state: State) -> None:
        """The chain from the step that this state calls for: `chain_from(state)`."""

    def replay(self, replay_id: str) -> None:
        """The next slice of a replay session."""

    def resend(self, queue: str, item: bytes) -> None:
        """Put a raw message back on its queue: to retry a poison message.

        Raises ValueError if it is no message.
        """

    def can_resend(self, queue: str, item: bytes) -> bool:
        """Whether a worker on that queue, perhaps a newer one, may be able to read the message."""

    def identity(self, item: bytes) -> bytes:
        """Equal for the same task with the same arguments, however often it was sent."""
