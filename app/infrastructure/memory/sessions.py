"""Browser sessions, in memory."""

from threading import Lock
from time import monotonic

from app.domain.session import Session


class MemorySessions:
    def __init__(self) -> None:
        self._lock = Lock()
        self._sessions: dict[str, tuple[Session, float]] = {}

    def put(self, secret_hash: str, session: Session, ttl_seconds: float, most: int) -> None:
        with self._lock:
            self._sessions[secret_hash] = session, monotonic() + ttl_seconds
            group = [hash for hash, (each, _) in self._sessions.items() if _same(each, session)]
            alive = [hash for hash in group if self._alive(self._sessions[hash])]
            for oldest in alive[: max(0, len(alive) - most)]:
                del self._sessions[oldest]

    def get(self, secret_hash: str) -> Session | None:
        with self._lock:
            return self._alive(self._sessions.get(secret_hash))

    def take(self, secret_hash: str) -> Session | None:
        with self._lock:
            return self._alive(self._sessions.pop(secret_hash, None))

    def _alive(self, found: tuple[Session, float] | None) -> Session | None:
        return found[0] if found and monotonic() < found[1] else None


def _same(one: Session, other: Session) -> bool:
    """Whether they count together: of the same key and kind."""
    return (one.secret_hash, one.for_sign_in) == (other.secret_hash, other.for_sign_in)
