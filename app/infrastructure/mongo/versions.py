"""The version of a MongoDB database, in a separate document, and the lease for upgrades."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from secrets import token_hex
from time import time
from typing import Final

from mongoengine import Document
from mongoengine.errors import NotUniqueError
from mongoengine.queryset import QuerySet

from app.domain.errors import StoreIsNewer, StoreUnavailable
from app.infrastructure.mongo.documents import VersionDocument
from app.infrastructure.versions import Migration, refuse_newer, upgrade

LEASE_SECONDS: Final = 60
"""How long after a process dies in an upgrade another one continues."""
_ID: Final = "podline"

Documents = Mapping[type[Document], type[Document]]
"""Each document's class on one connection."""


def migrations(documents: Documents) -> list[Migration]:
    """Return the migrations. A release that changes an index appends `create_indexes`."""

    def create_indexes() -> None:
        for document in documents.values():
            document.ensure_indexes()

    return [create_indexes]


def bring_up_to_date(documents: Documents, migrations: list[Migration]) -> None:
    """Upgrade the database.

    Raises StoreIsNewer, and StoreUnavailable while another process upgrades it.
    """
    versions = MongoVersions(documents[VersionDocument])
    refuse_newer(
        versions.version(),
        len(migrations),
        what=lambda: "the database",
        otherwise="restore a backup from before the upgrade",
        error=StoreIsNewer,
    )
    upgrade(versions, migrations)


class MongoVersions:
    def __init__(self, documents: type[Document]) -> None:
        self._documents = documents

    def version(self) -> int:
        found = self._one().first()
        return found.version if found else 0

    def advance(self, version: int) -> None:
        self._one(version__lt=version).update_one(set__version=version)

    def identity(self) -> str:
        self._one(identity=None).update_one(set__identity=token_hex(8))
        return str(self._one().get().identity)

    @contextmanager
    def lease(self) -> Iterator[None]:
        with suppress(NotUniqueError):
            self._documents(id=_ID, version=0, leased_until=0).save(force_insert=True)
        ours, now = token_hex(8), int(time())
        free = self._one(leased_until__lt=now)
        if not free.update_one(set__leased_until=now + LEASE_SECONDS, set__leased_by=ours):
            raise StoreUnavailable("another process is upgrading the database")
        try:
            yield
        finally:
            self._one(leased_by=ours).update_one(set__leased_until=0)

    def _one(self, **query: object) -> QuerySet:
        return self._documents.objects(id=_ID, **query)
