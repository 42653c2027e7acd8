"""The store on MongoDB, through mongoengine: the truth in production."""

from app.infrastructure.mongo.connection import Connection, at_the_edge
from app.infrastructure.mongo.documents import HeartbeatDocument
from app.infrastructure.mongo.executions import Executions
from app.infrastructure.mongo.outbox import Outbox, Results
from app.infrastructure.mongo.records import DeadLetters, Idempotency, Keys, Offered
from app.infrastructure.mongo.replays import Replays


class MongoStore(Executions, Results, Outbox, DeadLetters, Keys, Idempotency, Replays, Offered):
    """Makes collections and indexes when first used. What was acknowledged is in the journal."""

    def __init__(self, url: str, *, timeout: float) -> None:
        self._connection = Connection(url, timeout=timeout)

    @at_the_edge
    def ping(self) -> None:
        beat = self._connection.find(HeartbeatDocument, id="ping")
        beat.update_one(upsert=True, __raw__={"$inc": {"beats": 1}})

    def close(self) -> None:
        self._connection.close()
