"""Results, in MongoDB."""

from contextlib import suppress

from mongoengine.errors import NotUniqueError  # type: ignore[import-untyped]

from app.domain.execution import State, pod_name
from app.domain.records import Result
from app.infrastructure import codec
from app.infrastructure.mongo.connection import Connection, at_the_edge
from app.infrastructure.mongo.documents import ExecutionDocument, ResultDocument


class MongoResults:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @at_the_edge
    def insert(self, result: Result) -> None:
        with suppress(NotUniqueError):
            self._connection.insert(
                ResultDocument,
                id=result.id,
                execution_id=result.execution_id,
                result=codec.RESULT.encode(result),
            )
        # Looked at afterwards: whatever ends or erases the execution in between finds the result,
        # or is found here.
        if not self._belongs(result):
            self._connection.find(ResultDocument, id=result.id).delete()

    def _belongs(self, result: Result) -> bool:
        """To the attempt that is finished, or to the execution that it completed."""
        found = self._connection.find(ExecutionDocument, id=result.execution_id).as_pymongo()
        row = found.only("state", "attempt", "result_id", "erased").first()
        if row is None or row.get("erased"):
            return False
        if row["state"] == State.FINISHED:
            return pod_name(result.execution_id, row["attempt"]) == result.id
        return bool(row.get("result_id") == result.id)

    @at_the_edge
    def get(self, result_id: str) -> Result | None:
        found = self._connection.find(ResultDocument, id=result_id).as_pymongo().first()
        return codec.RESULT.decode(found["result"]) if found else None
