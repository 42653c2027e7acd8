"""The in-memory twin of the databases that rows are rebuilt into."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from app.domain.errors import InvalidTarget
from app.infrastructure.memory.store import MemoryStore
from app.ports import Store


@dataclass(frozen=True, slots=True)
class MemoryDatabases:
    """Stores by URL, `memory://<name>`."""

    own: str = "memory://own"
    """The URL of the service's own store."""
    stores: dict[str, Store] = field(default_factory=dict)

    def check_target(self, url: str) -> str:
        if not url.startswith("memory://"):
            raise InvalidTarget("must be memory://<name>")
        if url == self.own:
            raise InvalidTarget("must not be a database of the service itself")
        return url

    @contextmanager
    def open(self, url: str) -> Iterator[Store]:
        yield self.stores.setdefault(url, MemoryStore())
