"""The port of contents that are too large for a row."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Protocol

from app.domain.blob import Blob


class Blobs(Protocol):
    """Stores contents by execution and hash.

    Each blob belongs to one execution, so whoever removes an execution removes its blobs, whatever
    others have stored. Raises StoreUnavailable, and StoreFull if there is no room.
    """

    def put(self, execution_id: str, pieces: Iterable[bytes]) -> Blob:
        """Store the contents, unless the execution has them. They are durable afterwards."""

    def put_each(self, execution_id: str, contents: Iterable[Iterable[bytes]]) -> list[Blob]:
        """Store several contents, which are durable once all of them are stored."""

    def read(
        self, execution_id: str, blob: Blob, start: int = 0, size: int | None = None
    ) -> Iterator[bytes] | None:
        """Return up to `size` bytes from `start` on, in pieces of at most `PIECE_BYTES`.

        Returns None if the blob does not exist. Raises StoreUnavailable from the iterator, too.
        """

    def delete(self, execution_ids: Sequence[str]) -> None:
        """Delete all blobs of these executions, and what incomplete writes left of them."""

    def keep(self, execution_id: str, blobs: Collection[Blob]) -> None:
        """Delete all other blobs of the execution, and what incomplete writes left of them."""

    def stored_within(self, execution_id: str, seconds: float) -> bool:
        """Whether a blob of the execution was stored, or stored again, in the last `seconds`."""

    def owners(self, after: str, before: str, limit: int) -> list[str]:
        """Return ids of executions that have blobs, or what incomplete writes left of them.

        They are above `after` and below `before`, in ascending order, and at most `limit`. A
        caller continues after the last one until there are none.
        """
