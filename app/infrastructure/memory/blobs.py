"""Blobs, in memory."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from hashlib import sha256
from threading import Lock

from app.domain.blob import PIECE_BYTES, Blob
from app.domain.execution import SECOND, Time
from app.infrastructure.clock import now


class MemoryBlobs:
    def __init__(self, clock: Callable[[], Time] = now) -> None:
        self._clock = clock
        self._lock = Lock()
        self._contents: dict[str, dict[str, bytes]] = {}
        self._stored_at: dict[str, Time] = {}

    def put(self, execution_id: str, pieces: Iterable[bytes]) -> Blob:
        content = b"".join(pieces)
        blob = Blob(sha256(content).hexdigest(), len(content))
        with self._lock:
            self._contents.setdefault(execution_id, {})[blob.sha256] = content
            self._stored_at[execution_id] = self._clock()
        return blob

    def put_each(self, execution_id: str, contents: Iterable[Iterable[bytes]]) -> list[Blob]:
        return [self.put(execution_id, pieces) for pieces in contents]

    def read(
        self, execution_id: str, blob: Blob, start: int = 0, size: int | None = None
    ) -> Iterator[bytes] | None:
        with self._lock:
            content = self._contents.get(execution_id, {}).get(blob.sha256)
        if content is None:
            return None
        wanted = content[start : None if size is None else start + size]
        return (wanted[at : at + PIECE_BYTES] for at in range(0, len(wanted), PIECE_BYTES))

    def delete(self, execution_ids: Sequence[str]) -> None:
        with self._lock:
            for execution_id in execution_ids:
                self._contents.pop(execution_id, None)

    def keep(self, execution_id: str, blobs: Collection[Blob]) -> None:
        kept = {blob.sha256 for blob in blobs}
        with self._lock:
            found = self._contents.pop(execution_id, {})
            if left := {name: found[name] for name in found if name in kept}:
                self._contents[execution_id] = left

    def stored_within(self, execution_id: str, seconds: float) -> bool:
        with self._lock:
            stored_at = self._stored_at.get(execution_id)
            return stored_at is not None and stored_at > self._clock() - seconds * SECOND

    def owners(self, after: str, before: str, limit: int) -> list[str]:
        with self._lock:
            return sorted(id for id in self._contents if after < id < before)[:limit]
