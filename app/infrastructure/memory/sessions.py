"""Browser sessions, in memory."""

from threading import Lock
from time import monotonic

from app.domain.session import Session


class MemorySessions:
    def __init__(self) -> None:
        self._lock = Lock()
        self._sessions: dict[str, tuple[Session, float]] = {}

    def put(self, secret_hash: str, session: Session, ttl_seconds: float) -> None:
        with self._lock:
            self._sessions[secret_hash] = session, monotonic() + ttl_seconds

    def get(self, secret_hash: str) -> Session | None:
        with self._lock:
            return self._alive(self._sessions.get(secret_hash))

    def take(self, secret_hash: str) -> Session | None:
        with self._lock:
            return self._alive(self._sessions.pop(secret_hash, None))

    def _alive(self, found: tuple[Session, float] | None) -> Session | None:
        return found[0] if found and monotonic() < found[1] else None
