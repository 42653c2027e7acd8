"""A store's own connection to MongoDB, made anew in each process."""

import os
from collections.abc import Callable, Mapping
from functools import wraps
from itertools import count
from threading import Lock
from typing import Any, Final, ParamSpec, TypeVar

import mongoengine  # type: ignore[import-untyped]
from mongoengine import Document
from mongoengine.errors import OperationError  # type: ignore[import-untyped]
from mongoengine.queryset import QuerySet, transform  # type: ignore[import-untyped]
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

from app.domain.errors import StoreFull, StoreUnavailable
from app.infrastructure.mongo import versions
from app.infrastructure.mongo.documents import COLLECTIONS, bind

P = ParamSpec("P")
R = TypeVar("R")

DEFAULT_DATABASE: Final = "podline"

_OUT_OF_DISK_SPACE: Final = 14031
"""https://www.mongodb.com/docs/manual/reference/error-codes/"""

_aliases: Final = count(1)


def at_the_edge(method: Callable[P, R]) -> Callable[P, R]:
    """A method of the port: whatever MongoDB raises in it becomes StoreUnavailable."""

    @wraps(method)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(*args, **kwargs)
        except (PyMongoError, OperationError, mongoengine.ConnectionFailure) as error:
            kind = StoreFull if _is_out_of_space(error) else StoreUnavailable
            raise kind(f"MongoDB: {error}") from error

    return guarded


def _is_out_of_space(error: Exception) -> bool:
    """mongoengine wraps errors of the server in its own."""
    return _OUT_OF_DISK_SPACE in (getattr(e, "code", None) for e in (error, error.__cause__))


class Connection:
    """Connects when first used; the child of a fork connects again.

    mongoengine keeps clients in a global table by alias. Each store has an alias of its own in
    each process, and gives it as its application name too: mongoengine would otherwise share one
    client among aliases, and a child would use its parent's sockets.
    """

    def __init__(self, url: str, *, timeout: float) -> None:
        self._url = url
        self._timeout_ms = int(timeout * 1000)
        self._bound: dict[int, dict[type[Document], type[Document]]] = {}
        self._locks: dict[int, Lock] = {}

    def objects(self, document: type[Document], **query: Any) -> QuerySet:
        """mongoengine's query set of the documents that match."""
        return self._document(document).objects(**query)

    def count(self, document: type[Document], *, at_most: int = 0, **query: Any) -> int:
        """How many documents match, counted up to `at_most`; 0 is no limit.

        The one place without mongoengine's query set: its `count` is an aggregation, which the
        MongoDB of the tests does not compute as MongoDB does, and which reads every match.
        """
        bound = self._document(document)
        answer = bound._get_db().command(
            "count",
            bound._get_collection_name(),
            query=transform.query(bound, **query),
            limit=at_most,
        )
        found: int = answer["n"]
        return found

    def insert(self, document: type[Document], **fields: Any) -> None:
        """Raises NotUniqueError where the id, or another unique field, is taken."""
        self._document(document)(**fields).save(force_insert=True)

    def close(self) -> None:
        """Disconnect this process. The next use connects again."""
        for document in self._bound.pop(os.getpid(), {}).values():
            mongoengine.disconnect(document._meta["db_alias"])

    def _document(self, document: type[Document]) -> type[Document]:
        return self.open()[document]

    def open(self) -> Mapping[type[Document], type[Document]]:
        """This process's own documents, on a database that is up to date. Raises StoreIsNewer."""
        process = os.getpid()
        bound = self._bound.get(process)
        if bound is None:
            # A lock for each process: one that was held at the fork stays held in the child.
            with self._locks.setdefault(process, Lock()):
                bound = self._bound.get(process) or self._connect()
                self._bound[process] = bound
        return bound

    def _connect(self) -> dict[type[Document], type[Document]]:
        alias = f"podline-{os.getpid()}-{next(_aliases)}"
        mongoengine.connect(
            db=parse_uri(self._url)["database"] or DEFAULT_DATABASE,
            alias=alias,
            host=self._url,
            appname=alias,
            timeoutMS=self._timeout_ms,
            serverSelectionTimeoutMS=self._timeout_ms,
            connectTimeoutMS=self._timeout_ms,
            socketTimeoutMS=self._timeout_ms,
            uuidRepresentation="standard",
            # What was acknowledged outlives the loss of a primary.
            w="majority",
            journal=True,
        )
        try:
            bound: dict[type[Document], type[Document]] = {
                document: bind(document, alias) for document in COLLECTIONS
            }
            versions.bring_up_to_date(bound, versions.steps(bound))
        except BaseException:
            mongoengine.disconnect(alias)
            raise
        return bound
