"""The seven queues: one for each role that a worker can have."""

from typing import Final

QUEUES: Final = ("admission", "saga", "pods", "monitor", "results", "replay", "dlq")


def queue_of(task: str) -> str:
    """Tasks are named `podline.<queue>.<task>`."""
    return task.split(".")[1]
