"""API keys, in MongoDB."""

from typing import Any

from mongoengine.errors import NotUniqueError

from app.domain.api_key import ApiKey
from app.infrastructure import codec
from app.infrastructure.mongo.connection import Connection, at_the_edge, repeatable
from app.infrastructure.mongo.documents import ApiKeyDocument
from app.infrastructure.mongo.rows import read_all


class MongoKeys:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @at_the_edge
    def add(self, key: ApiKey) -> bool:
        try:
            self._connection.insert(ApiKeyDocument, **codec.API_KEY.dump_python(key, mode="json"))
        except NotUniqueError:
            return False
        return True

    @at_the_edge
    def update(self, before: ApiKey, after: ApiKey) -> bool:
        known = codec.API_KEY.dump_python(before, mode="json")
        values = codec.API_KEY.dump_python(after, mode="json")
        values.pop("id")
        return bool(self._connection.objects(ApiKeyDocument, **known).update_one(**values))

    @repeatable
    def get(self, key_id: str) -> ApiKey | None:
        return self._first(id=key_id)

    @repeatable
    def by_hash(self, secret_hash: str) -> ApiKey | None:
        return self._first(secret_hash=secret_hash)

    def _first(self, **query: str) -> ApiKey | None:
        found = self._connection.objects(ApiKeyDocument, **query).first()
        return _to_key(found) if found else None

    @repeatable
    def all(self) -> list[ApiKey]:
        return read_all(_to_key, self._connection.objects(ApiKeyDocument).order_by("id"))

    @at_the_edge
    def delete(self, key_id: str) -> bool:
        return bool(self._connection.objects(ApiKeyDocument, id=key_id).delete())


def _to_key(found: Any) -> ApiKey:
    values = {name: getattr(found, name) for name in ApiKey.__slots__}
    return codec.API_KEY.validate_python(values)
