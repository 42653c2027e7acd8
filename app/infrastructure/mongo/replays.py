"""Replays, in MongoDB: each is JSON, with extra fields for queries."""

from collections.abc import Iterable
from typing import Any

from app.domain.execution import Time
from app.domain.replay import Replay
from app.infrastructure import codec
from app.infrastructure.mongo.connection import Connection, at_the_edge, repeatable
from app.infrastructure.mongo.documents import ReplayDocument
from app.infrastructure.mongo.rows import read_all


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
        seen = self._connection.objects(ReplayDocument, id=before.id, version=before.version)
        return bool(seen.update_one(**_from_replay(after)))

    @repeatable
    def get(self, replay_id: str) -> Replay | None:
        found = self._connection.objects(ReplayDocument, id=replay_id).first()
        return _to_replay(found) if found else None

    @repeatable
    def page(self, before: str | None, limit: int) -> list[Replay]:
        earlier = {"order__lt": before} if before else {}
        found = self._connection.objects(ReplayDocument, **earlier)
        return _to_replays(found.order_by("-order").limit(limit))

    @repeatable
    def due(self, now: Time, limit: int) -> list[Replay]:
        due = self._connection.objects(
            ReplayDocument, next_action_at__gt=0, next_action_at__lte=now
        )
        return _to_replays(due.order_by("next_action_at").limit(limit))

    @at_the_edge
    def remove_ended_before(self, time: Time, limit: int) -> int:
        ended = self._connection.objects(ReplayDocument, ended_at__gt=0, ended_at__lt=time)
        ids = [replay.id for replay in ended.only("id").order_by("ended_at").limit(limit)]
        removed: int = self._connection.objects(ReplayDocument, id__in=ids).delete()
        return removed


def _from_replay(replay: Replay) -> dict[str, Any]:
    return {
        "version": replay.version,
        "next_action_at": replay.next_action_at,
        "ended_at": replay.ended_at,
        "replay": codec.REPLAY.dump_json(replay).decode(),
    }


def _to_replay(found: Any) -> Replay:
    return codec.REPLAY.validate_json(found.replay)


def _to_replays(found: Iterable[Any]) -> list[Replay]:
    return read_all(_to_replay, found)
