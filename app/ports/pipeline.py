"""The port for messages between workers."""

from typing import Protocol

from app.domain.execution import State


class Pipeline(Protocol):
    """Publishes messages. Raises BrokerUnavailable within a second.

    Only the pipeline knows the format of a raw message.
    """

    def start(
        self,
        execution_id: str,
        state: State,
        host: str | None = None,
        group: str | None = None,
    ) -> None:
        """Start the chain at the step that this state calls for: `chain_from(state)`.

        If that step needs the runtime and the attempt is on a `host`, it starts there. If only the
        hosts of a group can create the pod, one of these does.
        """

    def forget_host(self, host: str) -> None:
        """Remove the queues of a host that is gone."""

    def replay(self, replay_id: str) -> None:
        """Start the next slice of a replay."""

    def resend(self, queue: str, item: bytes) -> None:
        """Put a raw message back on its queue, to retry a poison message.

        Raises ValueError if it is not a message.
        """

    def can_resend(self, queue: str, item: bytes) -> bool:
        """Whether a worker on that queue, perhaps of a newer release, may be able to read it."""

    def identity(self, item: bytes) -> bytes:
        """Return bytes that are equal for the same task with the same arguments."""
