"""The languages that the runtime offered last, in MongoDB."""

from collections.abc import Sequence
from typing import Final

from app.domain.language import Language
from app.infrastructure import codec
from app.infrastructure.mongo.connection import Connection, at_the_edge, repeatable
from app.infrastructure.mongo.documents import OfferedDocument

_ID: Final = "runtime"


class MongoOfferedLanguages:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @at_the_edge
    def put(self, languages: Sequence[Language]) -> None:
        offered = codec.LANGUAGES.dump_json(list(languages)).decode()
        found = self._connection.objects(OfferedDocument, id=_ID)
        found.update_one(upsert=True, set__languages=offered)

    @repeatable
    def get(self) -> list[Language]:
        found = self._connection.objects(OfferedDocument, id=_ID).first()
        return codec.LANGUAGES.validate_json(found.languages) if found else []
