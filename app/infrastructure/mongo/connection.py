"""A store's own connection to MongoDB."""

import os
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from itertools import count
from threading import Lock
from time import monotonic
from typing import Any, Concatenate, Final, ParamSpec, Protocol, TypeVar

import mongoengine
import pymongo
from mongoengine import Document
from mongoengine.errors import OperationError
from mongoengine.queryset import QuerySet, transform
from pydantic import ValidationError
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    PyMongoError,
    ServerSelectionTimeoutError,
)
from pymongo.uri_parser import parse_uri

from app.domain.errors import StoreFull, StoreUnavailable, StoreUnreadable
from app.infrastructure.dependencies import MONGODB
from app.infrastructure.mongo import versions
from app.infrastructure.mongo.documents import COLLECTIONS, VersionDocument, bind

P = ParamSpec("P")
R = TypeVar("R")

GRACE_SECONDS: Final = 0.5
"""For a ping and a second try. Together with the time-out of the first one, this must leave a POST
within its 2 s, and the heartbeat of a host, which reads from the store, well before it is lost.
"""
SHORTEST_TRY_SECONDS: Final = 0.2

DEFAULT_DATABASE: Final = "podline"

_DUPLICATE_KEY: Final = 11000
_FULL_ERROR: Final = ", full error: "
_ABOUT_SERVERS: Final = ", Timeout: "
"""What follows, in ServerSelectionTimeoutError, says the same again for each server."""
_OUT_OF_DISK_SPACE: Final = 14031
"""https://www.mongodb.com/docs/manual/reference/error-codes/"""

_aliases: Final = count(1)


def at_the_edge(method: Callable[P, R]) -> Callable[P, R]:
    """Make a method of the port raise StoreUnavailable or StoreFull for MongoDB's errors.

    And StoreUnreadable for what only a newer release can read.
    """

    @wraps(method)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            returned = method(*args, **kwargs)
        except (PyMongoError, OperationError, mongoengine.ConnectionFailure, OSError) as error:
            # OSError: a file that the URL names, such as tlsCAFile, can't be read.
            kind = StoreFull if _is_out_of_space(error) else StoreUnavailable
            raise MONGODB.down(kind(f"MongoDB: {_said(error)}")) from error
        except ValidationError as error:
            # Its text and its cause quote what is stored, and so programs.
            raise StoreUnreadable(f"MongoDB has a {error.title} that can't be read") from None
        MONGODB.up()
        return returned

    return guarded


class Connected(Protocol):
    """A part of the store."""

    _connection: "Connection"


C = TypeVar("C", bound=Connected)


def repeatable(method: Callable[Concatenate[C, P], R]) -> Callable[Concatenate[C, P], R]:
    """Like `at_the_edge`, for a method that may as well be called twice, such as one that reads.

    A response can be lost, or be late, while the server works: a firewall has forgotten the
    connection, or the server waits for its disk. So the method is called once more, on another
    connection and for `GRACE_SECONDS`, if the server has responded to anything else meanwhile, or
    responds to a ping.
    """

    @at_the_edge
    @wraps(method)
    def repeated(self: C, /, *args: P.args, **kwargs: P.kwargs) -> R:
        began = monotonic()
        try:
            returned = method(self, *args, **kwargs)
        except (PyMongoError, OperationError) as error:
            if not _is_without_response(error) or not self._connection.responds(began):
                raise
            with pymongo.timeout(max(self._connection.left(began), SHORTEST_TRY_SECONDS)):
                returned = method(self, *args, **kwargs)
        self._connection.responded()
        return returned

    return repeated


def _is_without_response(error: Exception) -> bool:
    """Whether a request was sent and its response is missing."""
    cause = error if isinstance(error, PyMongoError) else error.__cause__
    if isinstance(cause, ServerSelectionTimeoutError) or not isinstance(cause, PyMongoError):
        return False
    return cause.timeout or isinstance(cause, AutoReconnect)


def _said(error: Exception) -> str:
    """Only the server's message: what follows it quotes documents, and so programs."""
    if isinstance(error, BulkWriteError):
        failed = [*error.details["writeErrors"], *error.details["writeConcernErrors"]]
        return str(failed[0]["errmsg"])
    return str(error).partition(_FULL_ERROR)[0].partition(_ABOUT_SERVERS)[0]


def _is_out_of_space(error: Exception) -> bool:
    """Whether the disk is full. mongoengine wraps the server's errors in its own."""
    return _OUT_OF_DISK_SPACE in (getattr(e, "code", None) for e in (error, error.__cause__))


class Connection:
    """Connects when first used.

    mongoengine keeps clients in a global table by alias. Each store has an alias of its own, and
    gives it as its application name too, because mongoengine would otherwise share one client
    among aliases.
    """

    def __init__(self, url: str, *, timeout: float) -> None:
        self._url = url
        self._timeout_ms = int(timeout * 1000)
        self._bound: Mapping[type[Document], type[Document]] | None = None
        self._responded_at = 0.0
        self._lock = Lock()

    def objects(self, document: type[Document], **query: Any) -> QuerySet:
        """Return mongoengine's query set of the matching documents."""
        return self._document(document).objects(**query)

    def count(self, document: type[Document], *, at_most: int = 0, **query: Any) -> int:
        """Count the matching documents, up to `at_most`; 0 means no limit.

        This is the only query without mongoengine's query set. Its `count` is an aggregation, which
        reads every match, and which the tests' MongoDB doesn't compute as MongoDB does.
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
        """Insert a document. Raises NotUniqueError if its id or another unique field exists."""
        self._document(document)(**fields).save(force_insert=True)

    def insert_all(self, document: type[Document], rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert documents in one request; skip those whose id exists.

        mongoengine's own bulk insert stops at the first document that exists.
        """
        if not rows:
            return
        bound = self._document(document)
        try:
            bound._get_collection().insert_many(
                [bound(**row).to_mongo() for row in rows], ordered=False
            )
        except BulkWriteError as error:
            if any(each["code"] != _DUPLICATE_KEY for each in error.details["writeErrors"]):
                raise

    def left(self, began: float) -> float:
        """Seconds for what began then and has a second try."""
        return began + self._timeout_ms / 1000 + GRACE_SECONDS - monotonic()

    def responded(self) -> None:
        """Note that the server has just responded."""
        self._responded_at = monotonic()

    def responds(self, began: float) -> bool:
        """Whether the server has responded since a request began then, or responds to a ping.

        False, too, if there is no time left for a second try.
        """
        bound, left = self._bound, self.left(began) - SHORTEST_TRY_SECONDS
        if bound is None or left <= 0:
            return False
        if self._responded_at > began:
            return True
        with pymongo.timeout(left):
            try:
                bound[VersionDocument]._get_db().command("ping")
            except PyMongoError:
                return False
        return True

    def close(self) -> None:
        """Disconnect. The next use connects again."""
        with self._lock:
            bound, self._bound = self._bound or {}, None
        for document in bound.values():
            mongoengine.disconnect(document._meta["db_alias"])

    def _document(self, document: type[Document]) -> type[Document]:
        return self.open()[document]

    def open(self) -> Mapping[type[Document], type[Document]]:
        """The documents, on a database that is up to date. Raises StoreIsNewer."""
        bound = self._bound
        if bound is None:
            with self._lock:
                bound = self._bound = self._bound or self._connect()
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
            # Acknowledged writes survive the loss of a primary.
            w="majority",
            journal=True,
        )
        try:
            bound: dict[type[Document], type[Document]] = {
                document: bind(document, alias) for document in COLLECTIONS
            }
            versions.bring_up_to_date(bound, versions.migrations(bound))
        except BaseException:  # raised again
            mongoengine.disconnect(alias)
            raise
        return bound
