"""Results, in MongoDB."""

from contextlib import suppress

from mongoengine.errors import NotUniqueError

from app.domain.execution import State, pod_name
from app.domain.result import Result
from app.infrastructure import codec
from app.infrastructure.mongo.connection import Connection, repeatable
from app.infrastructure.mongo.documents import ExecutionDocument, ResultDocument


class MongoResults:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @repeatable
    def insert(self, result: Result) -> None:
        with suppress(NotUniqueError):
            self._connection.insert(
                ResultDocument,
                id=result.id,
                execution_id=result.execution_id,
                result=codec.RESULT.encode(result),
            )
        # Check after the insert: if the execution is ended or erased in between, either that finds
        # the result, or this check notices it.
        if not self._belongs(result):
            self._connection.objects(ResultDocument, id=result.id).delete()

    def _belongs(self, result: Result) -> bool:
        """Whether the result belongs to the finished attempt or to its completed execution."""
        rows = self._connection.objects(ExecutionDocument, id=result.execution_id)
        row = rows.only("state", "attempt", "result_id", "erased").first()
        if row is None or row.erased:
            return False
        if row.state == State.FINISHED:
            return pod_name(result.execution_id, row.attempt) == result.id
        return bool(row.result_id == result.id)

    @repeatable
    def get(self, result_id: str) -> Result | None:
        found = self._connection.objects(ResultDocument, id=result_id).first()
        return codec.RESULT.decode(found.result) if found else None
