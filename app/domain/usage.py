"""What owners have used: executions, CPU time and stored bytes, by day.

The write that ends an execution records its usage in its row, once. From there, it is folded into
the record of its day, by a compare-and-set that names the executions that it folds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from app.domain.execution import SECOND, Execution, Time


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageDay:
    """The usage of one API key on one day."""

    owner: str
    day: str
    """In UTC, such as 2026-01-02."""
    key_id: str
    """Empty for executions whose key is not known."""
    executions: int = 0
    """That ended on this day."""
    cpu_us: int = 0
    stored_bytes: int = 0
    version: int = 0
    """Each fold raises it."""
    folding: tuple[str, ...] = ()
    """The executions that the last fold has counted. Until their rows say so, no other follows."""

    @property
    def identity(self) -> tuple[str, str, str]:
        """Owner, day and key: there is one record of each."""
        return self.owner, self.day, self.key_id

    def folded(self, executions: Sequence[Execution]) -> "UsageDay":
        """The day with these executions, none of which it contains."""
        return replace(
            self,
            executions=self.executions + len(executions),
            cpu_us=self.cpu_us + sum(each.cpu_us or 0 for each in executions),
            stored_bytes=self.stored_bytes + sum(each.stored_bytes or 0 for each in executions),
            version=self.version + 1,
            folding=tuple(each.id for each in executions),
        )


def day_of(time: Time) -> str:
    return datetime.fromtimestamp(time // SECOND, UTC).date().isoformat()


def day_for(execution: Execution) -> UsageDay:
    """The empty record of the day on which an execution's usage counts."""
    assert execution.usage_at is not None, "it has not been folded"
    return UsageDay(
        owner=execution.owner, day=day_of(execution.usage_at), key_id=execution.key_id or ""
    )
