"""The port for messages between workers."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.domain.execution import State, Time


@dataclass(frozen=True, slots=True)
class Queued:
    """The messages in one queue, which no worker has taken yet."""

    count: int = 0
    since: Time | None = None
    """When the oldest was published. None for an empty queue, or if the message doesn't say."""


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
        *,
        next_here: bool = False,
    ) -> None:
        """Start the chain at the step that this state calls for: `chain_from(state)`.

        If that step needs the runtime and the attempt is on a `host`, it starts there. If only the
        hosts of a group can create the pod, one of these does.

        `next_here`: the caller's step is the last of its chain, so its thread may begin this one
        after it. Ticks take longer than a step, so none of these does.
        """

    def forget_host(self, host: str) -> None:
        """Remove the queues of a host that is gone."""

    def forget_group(self, group: str) -> None:
        """Remove the queue of a group from which nobody takes any more."""

    def forget_others(self, living: Collection[str], before: Time) -> int:
        """Remove the queues of all hosts and groups but these `living` queues.

        Those stay whose oldest message was published after that time. Returns how many were
        removed. It may take as long as listing all keys of the broker.
        """

    def queued(self, queues: Sequence[str]) -> Mapping[str, Queued]:
        """Return what is in each of these queues. Cheap, however long they are."""

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
