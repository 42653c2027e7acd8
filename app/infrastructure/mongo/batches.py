"""Batches, in MongoDB: each is JSON, with extra fields for queries."""

from collections.abc import Mapping
from typing import Any

from mongoengine.errors import NotUniqueError

from app.domain.batch import Batch
from app.domain.execution import Time
from app.domain.submission import Submission
from app.infrastructure import codec
from app.infrastructure.mongo.connection import Connection, at_the_edge, repeatable
from app.infrastructure.mongo.documents import BatchDocument, ExecutionDocument, ProgramDocument
from app.infrastructure.mongo.rows import read_all
from app.infrastructure.programs import Programs


class MongoBatches:
    def __init__(self, connection: Connection, programs: Programs) -> None:
        self._connection = connection
        self._programs = programs

    @repeatable
    def put(self, batch: Batch, submissions: Mapping[str, Submission]) -> bool:
        if self.get(batch.id) is not None:
            return False
        # Insert the programs first: whoever finds the batch must find them. A repetition with the
        # same id, and so with the same ids of executions, finds what a crash leaves.
        self._connection.insert_all(
            ProgramDocument,
            [
                {"id": id, "submission": self._programs.to_row(id, each)}
                for id, each in submissions.items()
            ],
        )
        try:
            self._connection.insert(
                BatchDocument,
                id=batch.id,
                created_at=batch.created_at,
                next_action_at=batch.next_action_at,
                batch=codec.BATCH.dump_json(batch).decode(),
            )
        except NotUniqueError:
            return False
        return True

    @repeatable
    def get(self, batch_id: str) -> Batch | None:
        found = self._connection.objects(BatchDocument, id=batch_id).first()
        return _to_batch(found) if found else None

    @repeatable
    def due(self, now: Time, limit: int) -> list[Batch]:
        due = self._connection.objects(BatchDocument, next_action_at__gt=0, next_action_at__lte=now)
        return read_all(_to_batch, due.order_by("next_action_at").limit(limit))

    @at_the_edge
    def mark_complete(self, batch_id: str) -> None:
        self._connection.objects(BatchDocument, id=batch_id).update_one(unset__next_action_at=True)

    @at_the_edge
    def remove_created_before(self, time: Time, limit: int) -> int:
        old = self._connection.objects(BatchDocument, created_at__lt=time, next_action_at=None)
        ids = [batch.id for batch in old.only("id").order_by("created_at").limit(limit)]
        unused = [id for id in ids if not self._has_executions(id)]
        removed: int = self._connection.objects(BatchDocument, id__in=unused).delete()
        return removed

    def _has_executions(self, batch_id: str) -> bool:
        return bool(self._connection.count(ExecutionDocument, at_most=1, batch_id=batch_id))


def _to_batch(found: Any) -> Batch:
    batch = codec.BATCH.validate_json(found.batch)
    return batch.complete() if found.next_action_at is None else batch
