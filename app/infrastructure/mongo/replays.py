"""Replay sessions, in MongoDB: each as JSON, beside the fields that queries need."""

from collections.abc import Mapping
from typing import Any

from app.domain.execution import Time
from app.domain.replay import Replay
from app.infrastructure import codec
from app.infrastructure.mongo.connection import Connection, at_the_edge
from app.infrastructure.mongo.documents import IS_TIME, ReplayDocument


class MongoReplays:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @at_the_edge
    def put(self, replay: Replay) -> None:
        self._connection.insert(
            ReplayDocument, id=replay.id, order=replay.id, **_from_replay(replay)
        )

    @at_the_edge
    def update(self, before: Replay, after: Replay) -> bool:
        found = self._connection.find(ReplayDocument, id=before.id, version=before.version)
        return bool(found.update_one(__raw__={"$set": _from_replay(after)}))

    @at_the_edge
    def get(self, replay_id: str) -> Replay | None:
        row = self._rows(id=replay_id).first()
        return _to_replay(row) if row else None

    @at_the_edge
    def page(self, before: str | None, limit: int) -> list[Replay]:
        earlier = {"order": {"$lt": before}} if before else {}
        return list(map(_to_replay, self._rows(**earlier).order_by("-order").limit(limit)))

    @at_the_edge
    def due(self, now: Time, limit: int) -> list[Replay]:
        due = self._rows(next_action_at=IS_TIME | {"$lte": now})
        return list(map(_to_replay, due.order_by("next_action_at").limit(limit)))

    @at_the_edge
    def remove_ended_before(self, time: Time, limit: int) -> int:
        ended = self._rows(ended_at=IS_TIME | {"$lt": time})
        ids = [row["_id"] for row in ended.only("id").order_by("ended_at").limit(limit)]
        removed: int = self._connection.find(ReplayDocument, id={"$in": ids}).delete()
        return removed

    def _rows(self, **query: Any) -> Any:
        return self._connection.find(ReplayDocument, **query).as_pymongo()


def _from_replay(replay: Replay) -> dict[str, Any]:
    return {
        "version": replay.version,
        "next_action_at": replay.next_action_at,
        "ended_at": replay.ended_at,
        "replay": codec.REPLAY.dump_json(replay).decode(),
    }


def _to_replay(row: Mapping[str, Any]) -> Replay:
    return codec.REPLAY.validate_json(row["replay"])
