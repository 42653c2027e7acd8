"""Usage by day, in MongoDB."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from mongoengine.errors import NotUniqueError

from app.domain.execution import Execution
from app.domain.usage import UsageDay
from app.infrastructure import codec
from app.infrastructure.mongo.connection import Connection, at_the_edge, repeatable
from app.infrastructure.mongo.documents import ExecutionDocument, UsageDayDocument
from app.infrastructure.mongo.rows import read_all, to_execution


class MongoUsageRecords:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @repeatable
    def unfolded(self, limit: int) -> list[Execution]:
        found = self._connection.objects(ExecutionDocument, usage_at__gt=0).exclude("events")
        return read_all(to_execution, found.order_by("usage_at").limit(limit).as_pymongo())

    @repeatable
    def still_unfolded(self, execution_ids: Sequence[str]) -> set[str]:
        found = self._connection.objects(
            ExecutionDocument, id__in=list(execution_ids), usage_at__gt=0
        )
        return {row.id for row in found.only("id")}

    @at_the_edge
    def mark_folded(self, execution_ids: Sequence[str]) -> None:
        rows = self._connection.objects(ExecutionDocument, id__in=list(execution_ids))
        rows.update(set__usage_at=None)

    @repeatable
    def day(self, of: UsageDay) -> UsageDay:
        row = self._connection.objects(UsageDayDocument, id=_id(of)).as_pymongo().first()
        return _to_day(row) if row else of

    @at_the_edge
    def put(self, before: UsageDay, after: UsageDay) -> bool:
        values = codec.USAGE_DAY.dump_python(after, mode="json")
        if before.version == 0:
            try:
                self._connection.insert(UsageDayDocument, id=_id(after), **values)
            except NotUniqueError:
                return False
            return True
        seen = self._connection.objects(UsageDayDocument, id=_id(before), version=before.version)
        return bool(seen.update_one(**{f"set__{name}": value for name, value in values.items()}))

    @repeatable
    def days(self, owner: str | None, first: str, last: str) -> list[UsageDay]:
        # There is no day before the first one of the calendar, and no usage on that.
        before = date.fromordinal(max(date.fromisoformat(first).toordinal() - 1, 1)).isoformat()
        of = {} if owner is None else {"owner": owner}
        found = self._connection.objects(UsageDayDocument, day__gt=before, day__lte=last, **of)
        return [_to_day(row) for row in found.order_by("day", "owner", "key_id").as_pymongo()]


def _id(of: UsageDay) -> str:
    return f"{of.owner}/{of.day}/{of.key_id}"


def _to_day(row: Mapping[str, Any]) -> UsageDay:
    values = {name: row[name] for name in UsageDay.__slots__ if name in row}
    return codec.USAGE_DAY.validate_python(values)
