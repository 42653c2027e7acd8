"""Stores files that a program created, and finds them again."""

from collections.abc import Iterator

from app.domain.artifact import Artifact, Collected, CollectedFile
from app.domain.errors import NotFound
from app.domain.execution import Execution
from app.domain.result import Result
from app.ports import Blobs, Runtime


class Lost(Exception):
    """The runtime no longer has a file that it reported."""


def store(
    blobs: Blobs, runtime: Runtime, execution: Execution, collected: Collected
) -> tuple[Artifact, ...]:
    """Store every file that the runtime collected. Raises Lost and StoreUnavailable."""
    if not collected.files:
        return ()
    names = [file.name for file in collected.files]
    contents = (
        _slices(runtime, execution.pod, index, file) for index, file in enumerate(collected.files)
    )
    return tuple(map(Artifact, names, blobs.put_each(execution.id, contents)))


def _slices(runtime: Runtime, pod: str, index: int, file: CollectedFile) -> Iterator[bytes]:
    start = 0
    while start < file.size:
        part = runtime.artifact(pod, index, start)
        if not part:
            raise Lost("a file of the program was lost before it was stored")
        start += len(part)
        yield part


def named(result: Result, name: str) -> Artifact:
    """Raises NotFound."""
    for artifact in result.artifacts:
        if artifact.name == name:
            return artifact
    raise NotFound(f"execution {result.execution_id} has no artifact of this name")


def content(
    blobs: Blobs, result: Result, artifact: Artifact, start: int = 0, size: int | None = None
) -> Iterator[bytes]:
    """Up to `size` bytes from `start` on, in pieces. Raises NotFound and StoreUnavailable."""
    found = blobs.read(result.execution_id, artifact.blob, start, size)
    if found is None:
        raise NotFound(f"the artifacts of execution {result.execution_id} were removed")
    return found
