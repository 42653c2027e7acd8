"""Dead letters, in MongoDB."""

from collections.abc import Mapping
from typing import Any

from mongoengine.errors import NotUniqueError  # type: ignore[import-untyped]

from app.domain.execution import Time
from app.domain.records import DeadLetter, DeadLetterKind, DeadLetterStatus
from app.infrastructure import codec
from app.infrastructure.mongo.connection import Connection, at_the_edge
from app.infrastructure.mongo.documents import IS_TIME, DeadLetterDocument


class MongoDeadLetters:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @at_the_edge
    def put(self, letter: DeadLetter) -> bool:
        try:
            self._connection.insert(DeadLetterDocument, order=letter.id, **from_letter(letter))
        except NotUniqueError:
            return False
        return True

    @at_the_edge
    def update(self, before: DeadLetter, after: DeadLetter) -> bool:
        found = self._connection.find(DeadLetterDocument, **from_letter(before))
        changed = from_letter(after)
        del changed["id"]
        return bool(found.update_one(__raw__={"$set": changed}))

    @at_the_edge
    def get(self, letter_id: str) -> DeadLetter | None:
        letters = self._letters(id=letter_id)
        return to_letter(letters[0]) if letters else None

    @at_the_edge
    def page(
        self,
        status: DeadLetterStatus | None,
        kind: DeadLetterKind | None,
        before: str | None,
        limit: int,
    ) -> list[DeadLetter]:
        facets = {"status": status, "kind": kind, "order": {"$lt": before} if before else None}
        query = {name: value for name, value in facets.items() if value is not None}
        return list(map(to_letter, self._letters(**query).order_by("-order").limit(limit)))

    @at_the_edge
    def due(self, now: Time, limit: int) -> list[DeadLetter]:
        letters = self._letters(
            status={"$in": [DeadLetterStatus.RETRYING, DeadLetterStatus.WAITING]},
            next_retry_at=IS_TIME | {"$lte": now},
        )
        return list(map(to_letter, letters.order_by("next_retry_at").limit(limit)))

    @at_the_edge
    def count(self) -> dict[DeadLetterStatus, int]:
        return {
            status: self._connection.count(DeadLetterDocument, status=status)
            for status in DeadLetterStatus
        }

    def _letters(self, **query: Any) -> Any:
        return self._connection.find(DeadLetterDocument, **query).as_pymongo()


def from_letter(letter: DeadLetter) -> dict[str, Any]:
    fields: dict[str, Any] = codec.DEAD_LETTER.dump_python(letter, mode="json")
    return fields


def to_letter(row: Mapping[str, Any]) -> DeadLetter:
    fields = {**dict.fromkeys(DeadLetter.__slots__), **row, "id": row["_id"]}
    return codec.DEAD_LETTER.validate_python(fields)
