"""The seven queues: one for each role that a worker can have."""

from typing import Final

QUEUES: Final = ("admission", "saga", "pods", "monitor", "results", "replay", "dlq")
