"""Replays, in memory."""

from threading import Lock

from app.domain.execution import Time
from app.domain.replay import Replay
from app.infrastructure.memory.tables import descending


class MemoryReplays:
    def __init__(self) -> None:
        self._lock = Lock()
        self._replays: dict[str, Replay] = {}

    def put(self, replay: Replay) -> None:
        with self._lock:
            self._replays.setdefault(replay.id, replay)

    def update(self, before: Replay, after: Replay) -> bool:
        with self._lock:
            known = self._replays.get(before.id)
            if known is None or known.version != before.version:
                return False
            self._replays[before.id] = after
            return True

    def get(self, replay_id: str) -> Replay | None:
        with self._lock:
            return self._replays.get(replay_id)

    def page(self, before: str | None, limit: int) -> list[Replay]:
        with self._lock:
            return descending(self._replays.values(), before, limit)

    def due(self, now: Time, limit: int) -> list[Replay]:
        with self._lock:
            due = [
                (replay.next_action_at, replay)
                for replay in self._replays.values()
                if replay.next_action_at is not None and replay.next_action_at <= now
            ]
            return [replay for _, replay in sorted(due, key=lambda item: item[0])[:limit]]

    def remove_ended_before(self, time: Time, limit: int) -> int:
        with self._lock:
            old = sorted(
                (replay.ended_at, replay.id)
                for replay in self._replays.values()
                if replay.ended_at is not None and replay.ended_at < time
            )[:limit]
            for _, replay_id in old:
                del self._replays[replay_id]
            return len(old)
