"""What every adapter of blobs does with contents."""

from collections.abc import Iterable
from hashlib import sha256
from typing import IO

from app.domain.blob import Blob


def write_hashed(file: IO[bytes], pieces: Iterable[bytes]) -> Blob:
    """Write the contents to the file, piece by piece, and return the blob that they are."""
    digest, size = sha256(), 0
    for piece in pieces:
        file.write(piece)
        digest.update(piece)
        size += len(piece)
    return Blob(digest.hexdigest(), size)
