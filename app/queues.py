"""The seven queues: one for each role that a worker can have."""

from typing import Final

QUEUES: Final = ("admission", "saga", "pods", "monitor", "results", "replay", "dlq")


EVERY: Final = "every_seconds"
"""The message header of a tick with the time between two of its kind."""


def role_of(queue: str) -> str:
    """The role that a queue belongs to: those of one sandbox host or language have its name too."""
    return queue.partition(".")[0]


def queue_of(task: str) -> str:
    """Tasks are named `podline.<queue>.<task>`."""
    return task.split(".")[1]
