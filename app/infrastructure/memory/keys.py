"""API keys, in memory."""

from threading import Lock

from app.domain.api_key import ApiKey


class MemoryKeys:
    def __init__(self) -> None:
        self._lock = Lock()
        self._keys: dict[str, ApiKey] = {}

    def add(self, key: ApiKey) -> bool:
        with self._lock:
            if any(known.secret_hash == key.secret_hash for known in self._keys.values()):
                return False
            self._keys[key.id] = key
            return True

    def update(self, before: ApiKey, after: ApiKey) -> bool:
        with self._lock:
            if self._keys.get(before.id) != before:
                return False
            self._keys[before.id] = after
            return True

    def get(self, key_id: str) -> ApiKey | None:
        with self._lock:
            return self._keys.get(key_id)

    def by_hash(self, secret_hash: str) -> ApiKey | None:
        with self._lock:
            keys = (key for key in self._keys.values() if key.secret_hash == secret_hash)
            return next(keys, None)

    def all(self) -> list[ApiKey]:
        with self._lock:
            return sorted(self._keys.values(), key=lambda key: key.id)

    def delete(self, key_id: str) -> bool:
        with self._lock:
            return self._keys.pop(key_id, None) is not None
