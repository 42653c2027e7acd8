"""The languages that the runtime offered last, in MongoDB."""

from collections.abc import Sequence

from app.domain.records import Language
from app.infrastructure import codec
from app.infrastructure.mongo.connection import Connection, at_the_edge
from app.infrastructure.mongo.documents import OfferedDocument


class MongoOfferedLanguages:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @at_the_edge
    def put(self, languages: Sequence[Language]) -> None:
        offered = codec.LANGUAGES.dump_json(list(languages)).decode()
        found = self._connection.find(OfferedDocument, id="runtime")
        found.update_one(upsert=True, __raw__={"$set": {"languages": offered}})

    @at_the_edge
    def get(self) -> list[Language]:
        row = self._connection.find(OfferedDocument, id="runtime").as_pymongo().first()
        return codec.LANGUAGES.validate_json(row["languages"]) if row else []
