"""Programs that were submitted together, at most `MAX_ITEMS` in one request."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Self

from app.domain.execution import Time

MAX_ITEMS: Final = 100
MAX_BYTES: Final = 12 * 1024 * 1024
"""Of the request that submits a batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchItem:
    """What became of one program: an execution, or the reason why it was refused."""

    execution_id: str | None = None
    problem: Mapping[str, object] | None = None
    """The problem document (RFC 9457) of a program that was refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The row of a batch. It is written before its executions, together with their programs."""

    id: str
    owner: str
    created_at: Time
    items: tuple[BatchItem, ...]
    """In the order of the request."""
    next_action_at: Time | None
    """When the sweep completes it; None once all its executions are inserted and queued."""
    key_id: str = ""
    """The API key whose secret signs its callbacks."""
    callback_generation: int = 1

    @property
    def execution_ids(self) -> list[str]:
        return [item.execution_id for item in self.items if item.execution_id is not None]

    def complete(self) -> Self:
        return replace(self, next_action_at=None)
