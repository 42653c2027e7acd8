"""Stores files that a program created, and finds them again."""

from collections.abc import Iterator

from app.domain.artifact import Artifact, Collected, CollectedFile
from app.domain.execution import Execution
from app.ports import Blobs, Runtime


class Lost(Exception):
    """The runtime no longer has a file that it reported."""


def store(
    blobs: Blobs, runtime: Runtime, execution: Execution, collected: Collected
) -> tuple[Artifact, ...]:
    """Store every file that the runtime collected. Raises Lost and StoreUnavailable."""
    return tuple(
        Artifact(
            file.name,
            blobs.put(execution.id, _slices(runtime, execution.pod, index, file)),
        )
        for index, file in enumerate(collected.files)
    )


def _slices(runtime: Runtime, pod: str, index: int, file: CollectedFile) -> Iterator[bytes]:
    start = 0
    while start < file.size:
        part = runtime.artifact(pod, index, start)
        if not part:
            raise Lost("a file of the program was lost before it was stored")
        start += len(part)
        yield part
