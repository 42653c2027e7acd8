"""Dead letters, API keys, idempotency records and languages, in MongoDB."""

from collections.abc import Mapping, Sequence
from typing import Any

from mongoengine.errors import NotUniqueError  # type: ignore[import-untyped]

from app.domain.execution import Time
from app.domain.records import (
    ApiKey,
    DeadLetter,
    DeadLetterKind,
    DeadLetterStatus,
    IdempotencyRecord,
    Language,
)
from app.infrastructure import codec
from app.infrastructure.mongo.connection import Connection, at_the_edge
from app.infrastructure.mongo.documents import (
    IS_TIME,
    ApiKeyDocument,
    DeadLetterDocument,
    IdempotencyDocument,
    OfferedDocument,
)


class DeadLetters:
    """The part of the store that is about dead letters."""

    _connection: Connection

    @at_the_edge
    def put_dead_letter(self, letter: DeadLetter) -> bool:
        try:
            self._connection.insert(DeadLetterDocument, order=letter.id, **from_letter(letter))
        except NotUniqueError:
            return False
        return True

    @at_the_edge
    def update_dead_letter(self, before: DeadLetter, after: DeadLetter) -> bool:
        found = self._connection.find(DeadLetterDocument, **from_letter(before))
        changed = from_letter(after)
        del changed["id"]
        return bool(found.update_one(__raw__={"$set": changed}))

    @at_the_edge
    def dead_letter(self, letter_id: str) -> DeadLetter | None:
        letters = self._letters(id=letter_id)
        return to_letter(letters[0]) if letters else None

    @at_the_edge
    def list_dead_letters(
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
    def due_dead_letters(self, now: Time, limit: int) -> list[DeadLetter]:
        letters = self._letters(
            status={"$in": [DeadLetterStatus.RETRYING, DeadLetterStatus.WAITING]},
            next_retry_at=IS_TIME | {"$lte": now},
        )
        return list(map(to_letter, letters.order_by("next_retry_at").limit(limit)))

    @at_the_edge
    def count_dead_letters(self) -> dict[DeadLetterStatus, int]:
        return {
            status: self._connection.count(DeadLetterDocument, status=status)
            for status in DeadLetterStatus
        }

    def _letters(self, **query: Any) -> Any:
        return self._connection.find(DeadLetterDocument, **query).as_pymongo()


class Keys:
    """The part of the store that is about API keys."""

    _connection: Connection

    @at_the_edge
    def put_key(self, key: ApiKey) -> None:
        fields = codec.API_KEY.dump_python(key, mode="json")
        found = self._connection.find(ApiKeyDocument, id=fields.pop("id"))
        found.update_one(upsert=True, __raw__={"$set": fields})

    @at_the_edge
    def key_by_hash(self, secret_hash: str) -> ApiKey | None:
        found = self._connection.find(ApiKeyDocument, secret_hash=secret_hash)
        row = found.as_pymongo().first()
        return codec.API_KEY.validate_python(with_id(row)) if row else None

    @at_the_edge
    def list_keys(self) -> list[ApiKey]:
        rows = self._connection.find(ApiKeyDocument).as_pymongo().order_by("id")
        return [codec.API_KEY.validate_python(with_id(row)) for row in rows]

    @at_the_edge
    def delete_key(self, key_id: str) -> bool:
        return bool(self._connection.find(ApiKeyDocument, id=key_id).delete())


class Idempotency:
    """The part of the store that is about idempotency records."""

    _connection: Connection

    @at_the_edge
    def fix_idempotency(self, record: IdempotencyRecord, now: Time) -> IdempotencyRecord:
        fields = codec.IDEMPOTENCY_RECORD.dump_python(record, mode="json")
        fields["id"] = fields.pop("key_hash")
        while True:
            try:
                self._connection.insert(IdempotencyDocument, **fields)
            except NotUniqueError:
                found = self._connection.find(IdempotencyDocument, id=record.key_hash)
                row = found.as_pymongo().first()
                if row is not None and row["expires_at"] > now:
                    return to_idempotency_record(row)
                self._remove_expired([record.key_hash], now)
            else:
                return record

    @at_the_edge
    def remove_expired_idempotency(self, now: Time, limit: int) -> int:
        expired = self._connection.find(IdempotencyDocument, expires_at={"$lte": now})
        rows = expired.as_pymongo().only("id").limit(limit)
        return self._remove_expired([row["_id"] for row in rows], now)

    def _remove_expired(self, ids: list[str], now: Time) -> int:
        expired = self._connection.find(
            IdempotencyDocument, id={"$in": ids}, expires_at={"$lte": now}
        )
        removed: int = expired.delete()
        return removed


class Offered:
    """The part of the store that is about what the runtime offers."""

    _connection: Connection

    @at_the_edge
    def put_languages(self, languages: Sequence[Language]) -> None:
        offered = codec.LANGUAGES.dump_json(list(languages)).decode()
        found = self._connection.find(OfferedDocument, id="runtime")
        found.update_one(upsert=True, __raw__={"$set": {"languages": offered}})

    @at_the_edge
    def languages(self) -> list[Language]:
        row = self._connection.find(OfferedDocument, id="runtime").as_pymongo().first()
        return codec.LANGUAGES.validate_json(row["languages"]) if row else []


def with_id(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "id": row["_id"]}


def from_letter(letter: DeadLetter) -> dict[str, Any]:
    fields: dict[str, Any] = codec.DEAD_LETTER.dump_python(letter, mode="json")
    return fields


def to_letter(row: Mapping[str, Any]) -> DeadLetter:
    return codec.DEAD_LETTER.validate_python(dict.fromkeys(DeadLetter.__slots__) | with_id(row))


def to_idempotency_record(row: Mapping[str, Any]) -> IdempotencyRecord:
    return codec.IDEMPOTENCY_RECORD.validate_python({**row, "key_hash": row["_id"]})
