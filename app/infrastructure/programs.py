"""Programs as a store keeps them: in their rows, or in blobs if they are too large for that."""

from threading import BoundedSemaphore
from typing import Final

from app.domain.blob import Blob
from app.domain.submission import Submission
from app.infrastructure import codec
from app.ports import Blobs

IN_ROW_BYTES: Final = 1024 * 1024
"""The most of an encoded program in a row. MongoDB's documents can have 16 MiB."""

_READ_AT_ONCE: Final = 2
"""A program of 12 MiB takes 44 MiB while it is read, and a worker has many threads."""
_NAMES_A_BLOB: Final = b"{"
"""Begins what stands for a program in a blob. An encoded program begins with a bracket."""


class Programs:
    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._turns = BoundedSemaphore(_READ_AT_ONCE)

    def to_row(self, execution_id: str, submission: Submission) -> bytes:
        """Return what the row has of the program. A large one is in a blob afterwards.

        The row must be written after this, so that it never names a blob that is not there.
        """
        encoded = codec.SUBMISSION.encode(submission)
        if len(encoded) <= IN_ROW_BYTES:
            return encoded
        return codec.BLOB.dump_json(self._blobs.put(execution_id, (encoded,)))

    @staticmethod
    def blob_of(stored: bytes) -> Blob | None:
        """Return the blob that has the program; None if the row has it."""
        return codec.BLOB.validate_json(stored) if stored.startswith(_NAMES_A_BLOB) else None

    def from_row(self, execution_id: str, stored: bytes) -> Submission | None:
        """Return the program; None if its blob is gone, as if the row were, too."""
        blob = self.blob_of(stored)
        if blob is None:
            return codec.SUBMISSION.decode(stored)
        with self._turns:
            encoded = b"".join(self._blobs.read(execution_id, blob) or ())
            return codec.SUBMISSION.decode(encoded) if len(encoded) == blob.size else None
