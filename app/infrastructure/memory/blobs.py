"""Blobs, in memory."""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from threading import Lock

from app.domain.blob import PIECE_BYTES, Blob


class MemoryBlobs:
    def __init__(self) -> None:
        self._lock = Lock()
        self._contents: dict[str, dict[str, bytes]] = {}

    def put(self, execution_id: str, pieces: Iterable[bytes]) -> Blob:
        content = b"".join(pieces)
        blob = Blob(sha256(content).hexdigest(), len(content))
        with self._lock:
            self._contents.setdefault(execution_id, {})[blob.sha256] = content
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

    def owners(self, after: str, before: str, limit: int) -> list[str]:
        with self._lock:
            return sorted(id for id in self._contents if after < id < before)[:limit]
