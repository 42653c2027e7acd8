"""A batch as it happens: each of its executions once it has ended."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Self

from app.domain.batch import Batch
from app.domain.errors import StoreUnavailable
from app.domain.execution import Execution
from app.domain.result import Result
from app.ports import Blobs, Ports, Store
from app.service.batches import unfinished
from app.service.following import HEARTBEAT, follow
from app.service.printed import completed
from app.service.stream_items import Heartbeat

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BatchPosition:
    """Which executions a reader has seen. They end in any order, so each has a bit."""

    seen: int = 0
    over: bool = False

    def __str__(self) -> str:
        return f"{self.seen:x}-{self.over:d}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The inverse of `str`. Raises ValueError."""
        seen, dash, over = text.partition("-")
        if not (dash and over in ("0", "1") and 0 < len(seen) <= 32 and seen.isalnum()):
            raise ValueError("not a position in the stream of a batch")
        return cls(int(seen, 16), over == "1")

    def after(self, index: int) -> Self:
        return replace(self, seen=self.seen | 1 << index)

    def has(self, index: int) -> bool:
        return bool(self.seen >> index & 1)


@dataclass(frozen=True, slots=True)
class ExecutionEnded:
    """One of the executions is terminal."""

    position: BatchPosition
    execution: Execution
    result: Result | None


@dataclass(frozen=True, slots=True)
class BatchEnded:
    """All executions are terminal."""

    position: BatchPosition
    batch: Batch


BatchStreamItem = ExecutionEnded | BatchEnded | Heartbeat


def stream_batch(
    ports: Ports,
    batch: Batch,
    position: BatchPosition,
    heartbeat: float = HEARTBEAT,
    allowed: Callable[[], bool] = lambda: True,
) -> Iterator[BatchStreamItem]:
    """Every end after `position`, as it happens, up to `BatchEnded`.

    While the store is unavailable, the stream waits. It ends without `BatchEnded` at the first look
    after `allowed` became false.
    """
    reader = _Reader(ports.store, ports.blobs, batch, position)
    with ports.wakeups.listen(batch.id) as listener:
        yield from follow(reader.news, BatchEnded, listener, heartbeat, allowed)


class _Reader:
    """Reads the store, and returns what has ended since the last time."""

    def __init__(self, store: Store, blobs: Blobs, batch: Batch, position: BatchPosition) -> None:
        self._executions = store.executions
        self._results = store.results
        self._blobs = blobs
        self._batch = batch
        self._position = position
        self._index = {id: index for index, id in enumerate(batch.execution_ids)}
        self._left = [id for id, index in self._index.items() if not position.has(index)]

    def news(self) -> Iterator[ExecutionEnded | BatchEnded]:
        try:
            yield from self._ends(unfinished(self._executions, self._left))
            if not self._left:
                yield BatchEnded(replace(self._position, over=True), self._batch)
        except StoreUnavailable as error:
            log.warning("the stream of batch %s waits: %s", self._batch.id, error)

    def _ends(self, unfinished: Sequence[str]) -> Iterator[ExecutionEnded]:
        """Skips those that were deleted meanwhile."""
        for execution_id in [id for id in self._left if id not in set(unfinished)]:
            execution = self._executions.get(execution_id)
            result_id = execution and execution.result_id
            result = self._results.get(result_id) if result_id else None
            self._left.remove(execution_id)
            self._position = self._position.after(self._index[execution_id])
            if execution is not None and not execution.erased:
                shown = result and completed(self._blobs, result)
                yield ExecutionEnded(self._position, execution, shown)
