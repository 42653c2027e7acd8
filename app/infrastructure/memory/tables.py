"""The tables of the in-memory store, under one lock."""

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from threading import Lock
from typing import TypeVar

from app.domain.audit import AuditRecord
from app.domain.dead_letter import DeadLetter
from app.domain.execution import Event, Execution
from app.domain.replay import Replay
from app.domain.result import Result
from app.domain.submission import Submission

Record = TypeVar("Record", Execution, DeadLetter, Replay, AuditRecord)


@dataclass(slots=True)
class Tables:
    """Executions and what belongs to them. Hold `lock` to read or write."""

    lock: Lock = field(default_factory=Lock)
    rows: dict[str, Execution] = field(default_factory=dict)
    submissions: dict[str, Submission] = field(default_factory=dict)
    events: dict[str, list[Event]] = field(default_factory=dict)
    relayed: dict[str, int] = field(default_factory=dict)
    results: dict[str, Result] = field(default_factory=dict)
    not_durable: set[str] = field(default_factory=set)
    """The executions that a power loss would undo altogether."""

    def wrote(self, execution_id: str, *, durable: bool, new: bool = False) -> None:
        """A durable write makes all that was written before durable, too."""
        if durable:
            self.not_durable.clear()
        elif new:
            self.not_durable.add(execution_id)

    def worked_on(self) -> list[Execution]:
        return [row for row in self.rows.values() if row.rebuilt_at is None]

    def unfinished(self, owner: str) -> int:
        return sum(row.owner == owner and not row.state.terminal for row in self.worked_on())

    def events_after(self, execution_id: str, version: int) -> list[Event]:
        events = self.events.get(execution_id, [])
        return [deepcopy(event) for event in events if event.version > version]

    def forget_contents(self, execution_id: str) -> None:
        self.submissions.pop(execution_id, None)
        self.results = {
            id: result for id, result in self.results.items() if result.execution_id != execution_id
        }


def descending(records: Iterable[Record], before: str | None, limit: int) -> list[Record]:
    earlier = (record for record in records if before is None or record.id < before)
    return sorted(earlier, key=lambda record: record.id, reverse=True)[:limit]
