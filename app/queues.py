"""The seven queues: one for each role that a worker can have."""

from typing import Final

ROLES: Final = {
    "admission": "coordinator",
    "saga": "saga orchestrator",
    "pods": "pod creator",
    "monitor": "pod monitor",
    "results": "result processor",
    "replay": "event relay",
    "dlq": "dead letter processor",
}
"""The names of the roles, by queue."""
QUEUES: Final = tuple(ROLES)


EVERY: Final = "every_seconds"
"""The message header of a tick with the time between two of its kind."""


def role_of(queue: str) -> str:
    """The role that a queue belongs to: those of one sandbox host or language have its name too."""
    return queue.partition(".")[0]


def queue_of(task: str) -> str:
    """Tasks are named `podline.<queue>.<task>`."""
    return task.split(".")[1]
