"""Dead letters, in MongoDB."""

from collections.abc import Iterable
from typing import Any

from mongoengine.errors import NotUniqueError

from app.domain.dead_letter import CLOSED, DeadLetter, DeadLetterKind, DeadLetterStatus
from app.domain.execution import Time
from app.infrastructure import codec
from app.infrastructure.mongo.connection import Connection, at_the_edge, repeatable
from app.infrastructure.mongo.documents import DeadLetterDocument
from app.infrastructure.mongo.rows import read_all


class MongoDeadLetters:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @at_the_edge
    def put(self, letter: DeadLetter) -> bool:
        try:
            self._connection.insert(DeadLetterDocument, order=letter.id, **_from_letter(letter))
        except NotUniqueError:
            return False
        return True

    @at_the_edge
    def update(self, before: DeadLetter, after: DeadLetter) -> bool:
        seen = self._connection.objects(DeadLetterDocument, **_from_letter(before))
        changed = _from_letter(after)
        del changed["id"]
        return bool(seen.update_one(**changed))

    @repeatable
    def get(self, letter_id: str) -> DeadLetter | None:
        found = self._connection.objects(DeadLetterDocument, id=letter_id).first()
        return _to_letter(found) if found else None

    @repeatable
    def page(
        self,
        status: DeadLetterStatus | None,
        kind: DeadLetterKind | None,
        before: str | None,
        limit: int,
    ) -> list[DeadLetter]:
        facets = {"status": status, "kind": kind, "order__lt": before}
        query = {name: value for name, value in facets.items() if value is not None}
        found = self._connection.objects(DeadLetterDocument, **query)
        return _to_letters(found.order_by("-order").limit(limit))

    @repeatable
    def due(self, now: Time, limit: int) -> list[DeadLetter]:
        due = self._connection.objects(
            DeadLetterDocument,
            status__in=[DeadLetterStatus.RETRYING, DeadLetterStatus.WAITING],
            next_retry_at__gt=0,
            next_retry_at__lte=now,
        )
        return _to_letters(due.order_by("next_retry_at").limit(limit))

    @repeatable
    def count(self) -> dict[DeadLetterStatus, int]:
        return {
            status: self._connection.count(DeadLetterDocument, status=status)
            for status in DeadLetterStatus
        }

    @repeatable
    def matching(
        self, status: DeadLetterStatus | None, kind: DeadLetterKind | None, at_most: int
    ) -> int:
        facets = {"status": status, "kind": kind}
        query = {name: value for name, value in facets.items() if value is not None}
        found = self._connection.objects(DeadLetterDocument, **query)
        return int(found.limit(at_most).count(with_limit_and_skip=True))

    @at_the_edge
    def remove_failed_before(self, time: Time, limit: int) -> int:
        old = self._connection.objects(
            DeadLetterDocument, status__in=sorted(CLOSED), last_failed_at__lt=time
        )
        ids = [letter.id for letter in old.only("id").order_by("last_failed_at").limit(limit)]
        # An operator may have one of them retried meanwhile.
        closed = self._connection.objects(
            DeadLetterDocument, id__in=ids, status__in=sorted(CLOSED), last_failed_at__lt=time
        )
        removed: int = closed.delete()
        return removed


def _from_letter(letter: DeadLetter) -> dict[str, Any]:
    values: dict[str, Any] = codec.DEAD_LETTER.dump_python(letter, mode="json")
    return values


def _to_letter(found: Any) -> DeadLetter:
    values = {name: getattr(found, name) for name in DeadLetter.__slots__}
    return codec.DEAD_LETTER.validate_python(values)


def _to_letters(found: Iterable[Any]) -> list[DeadLetter]:
    return read_all(_to_letter, found)
