"""Blobs, in MongoDB: one document for each piece.

GridFS does nearly the same. But the chunks of a writer that was killed stay in it for good, unless
the writer's random id is known; here a piece's id follows from its contents, so writing them again
completes what is there. docs/decisions.md has more.
"""

import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Final

from mongoengine.errors import NotUniqueError

from app.domain.blob import PIECE_BYTES, Blob
from app.infrastructure.hashing import write_hashed
from app.infrastructure.mongo.connection import Connection, at_the_edge, repeatable
from app.infrastructure.mongo.documents import PieceDocument

_IN_MEMORY_BYTES: Final = 1024 * 1024
"""Larger contents wait in a temporary file until their hash is known."""
_PIECES_AT_ONCE: Final = 8
"""Each request waits for a journal, so 44 of them would take long for 11 MiB."""


class MongoBlobs:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @at_the_edge
    def put(self, execution_id: str, pieces: Iterable[bytes]) -> Blob:
        with SpooledTemporaryFile(_IN_MEMORY_BYTES) as file:
            blob = write_hashed(file, pieces)
            # The first piece comes last: once it is there, so are the others.
            for first in range(1, _pieces_of(blob), _PIECES_AT_ONCE):
                rows = _rows(execution_id, blob, file, first, _PIECES_AT_ONCE)
                self._connection.insert_all(PieceDocument, rows)
            (piece,) = _rows(execution_id, blob, file, 0, 1)
        try:
            self._connection.insert(PieceDocument, **piece)
        except NotUniqueError:
            again = self._connection.objects(PieceDocument, id=piece["id"])
            again.update_one(set__stored_at=_now())
        return blob

    def put_each(self, execution_id: str, contents: Iterable[Iterable[bytes]]) -> list[Blob]:
        return [self.put(execution_id, pieces) for pieces in contents]

    @repeatable
    def read(
        self, execution_id: str, blob: Blob, start: int = 0, size: int | None = None
    ) -> Iterator[bytes] | None:
        if self._piece(execution_id, blob, 0) is None:
            return None
        end = blob.size if size is None else min(start + size, blob.size)
        return self._read(execution_id, blob, start, end)

    def _read(self, execution_id: str, blob: Blob, start: int, end: int) -> Iterator[bytes]:
        while start < end:
            number, offset = divmod(start, PIECE_BYTES)
            piece = self._piece(execution_id, blob, number)
            if piece is None:  # deleted meanwhile
                return
            content = piece[offset : offset + end - start]
            start += len(content)
            yield content

    @repeatable
    def _piece(self, execution_id: str, blob: Blob, number: int) -> bytes | None:
        pieces = self._connection.objects(PieceDocument, id=_id(execution_id, blob, number))
        found = pieces.only("content").first()
        return bytes(found.content) if found else None

    @at_the_edge
    def delete(self, execution_ids: Sequence[str]) -> None:
        self._connection.objects(PieceDocument, execution_id__in=list(execution_ids)).delete()

    @at_the_edge
    def keep(self, execution_id: str, blobs: Collection[Blob]) -> None:
        pieces = self._connection.objects(PieceDocument, execution_id=execution_id).only("id")
        kept = {_id(execution_id, blob, n) for blob in blobs for n in range(_pieces_of(blob))}
        others = [piece.id for piece in pieces if piece.id not in kept]
        if others:
            self._connection.objects(PieceDocument, id__in=others).delete()

    @repeatable
    def stored_within(self, execution_id: str, seconds: float) -> bool:
        since = _now() - int(seconds * 1000)
        pieces = self._connection.objects(
            PieceDocument, execution_id=execution_id, stored_at__gt=since
        )
        return pieces.only("id").first() is not None

    @repeatable
    def owners(self, after: str, before: str, limit: int) -> list[str]:
        found: list[str] = []
        while len(found) < limit and (owner := self._first_owner(after, before)):
            found.append(owner)
            after = owner
        return found

    def _first_owner(self, after: str, before: str) -> str | None:
        pieces = self._connection.objects(
            PieceDocument, execution_id__gt=after, execution_id__lt=before
        )
        found = pieces.only("execution_id").order_by("execution_id").first()
        return str(found.execution_id) if found else None


def _rows(
    execution_id: str, blob: Blob, file: IO[bytes], first: int, count: int
) -> list[dict[str, Any]]:
    """The pieces from that number on; fewer, if there are no more."""
    file.seek(first * PIECE_BYTES)
    return [
        {
            "id": _id(execution_id, blob, number),
            "execution_id": execution_id,
            "content": file.read(PIECE_BYTES),
            "stored_at": _now(),
        }
        for number in range(first, min(first + count, _pieces_of(blob)))
    ]


def _now() -> int:
    return time.time_ns() // 1_000_000


def _id(execution_id: str, blob: Blob, number: int) -> str:
    return f"{execution_id}/{blob.sha256}/{number}"


def _pieces_of(blob: Blob) -> int:
    """At least one, which is empty if the blob is."""
    return max(1, -(-blob.size // PIECE_BYTES))
