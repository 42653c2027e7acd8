"""What the places have in common: clients go through a proxy, and callbacks to a shop."""

from collections.abc import Callable
from contextlib import ExitStack

from app.infrastructure.mongo.store import MongoStore
from app.infrastructure.sqlite.store import SqliteStore
from app.ports import Blobs, Store
from tests.chaos.proxy import Proxy
from tests.chaos.shop import Shop


class BehindProxy:
    """A place whose `__enter__` starts all its parts, and puts them into `_running`."""

    _store: SqliteStore | MongoStore

    def __init__(self, shop: Shop, port: Callable[[], int]) -> None:
        """`port` is that of the API."""
        self.shop = shop
        self._proxy = Proxy(port)
        self._running = ExitStack()

    def __exit__(self, *_: object) -> None:
        self._running.close()

    @property
    def url(self) -> str:
        """For the clients of the load."""
        return self._proxy.url

    @property
    def store(self) -> Store:
        return self._store

    @property
    def blobs(self) -> Blobs:
        return self._store.blobs
