"""API keys, in MongoDB."""

from collections.abc import Mapping
from typing import Any

from app.domain.records import ApiKey
from app.infrastructure import codec
from app.infrastructure.mongo.connection import Connection, at_the_edge
from app.infrastructure.mongo.documents import ApiKeyDocument


class MongoKeys:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @at_the_edge
    def put(self, key: ApiKey) -> None:
        fields = codec.API_KEY.dump_python(key, mode="json")
        found = self._connection.find(ApiKeyDocument, id=fields.pop("id"))
        found.update_one(upsert=True, __raw__={"$set": fields})

    @at_the_edge
    def by_hash(self, secret_hash: str) -> ApiKey | None:
        found = self._connection.find(ApiKeyDocument, secret_hash=secret_hash)
        row = found.as_pymongo().first()
        return codec.API_KEY.validate_python(_with_id(row)) if row else None

    @at_the_edge
    def all(self) -> list[ApiKey]:
        rows = self._connection.find(ApiKeyDocument).as_pymongo().order_by("id")
        return [codec.API_KEY.validate_python(_with_id(row)) for row in rows]

    @at_the_edge
    def delete(self, key_id: str) -> bool:
        return bool(self._connection.find(ApiKeyDocument, id=key_id).delete())


def _with_id(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "id": row["_id"]}
