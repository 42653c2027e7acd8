"""The collections of the MongoDB store, as mongoengine documents.

They are abstract: `bind` makes the classes that a store uses, on a connection of its own.
Each index here serves one query. Partial indexes hold only the rows that their query can return.
"""

from typing import Any, Final

from mongoengine import (  # type: ignore[import-untyped]
    BinaryField,
    BooleanField,
    DictField,
    Document,
    IntField,
    ListField,
    StringField,
)

IS_TIME: Final = {"$gt": 0}
"""As a partial index's filter and in its queries: neither missing nor null."""


class ExecutionDocument(Document):  # type: ignore[misc]
    """One execution with its events. Only single fields of it are ever changed."""

    id = StringField(primary_key=True)
    order = StringField()
    """The id again: what stands in for MongoDB in tests has no compound index over `_id`."""
    owner = StringField()
    language = StringField()
    language_version = StringField()
    priority = StringField()
    labels = ListField(StringField())
    """Each `["key", "value"]` as JSON, so that one index serves all labels."""
    limits = DictField()
    compile_limits = DictField()
    root = StringField()
    retry_of = StringField()
    retried_as = StringField()
    state = StringField()
    unfinished = BooleanField()
    """True, or missing once the state is terminal."""
    version = IntField()
    attempt = IntField()
    tries = DictField()
    start_deadline = IntField()
    message = StringField()
    outcome = StringField()
    exit_code = IntField()
    signal = StringField()
    result_id = StringField()
    created_at = IntField()
    admitted_at = IntField()
    started_at = IntField()
    finished_at = IntField()
    ended_at = IntField(db_field="completed_at")
    """Under the name that it had first: another one would lose the rows of a rolling upgrade."""
    next_action_at = IntField()
    erased = BooleanField()
    rebuilt_at = IntField()
    """Missing, but in a row that was made of the event log alone."""
    events = DictField()
    """By version: type, time, and data as JSON (keys of labels may hold dots)."""
    relayed = IntField()
    relay_at = IntField()
    """When the first event that is not in the log was made; missing if all are."""

    meta: dict[str, Any] = {  # noqa: RUF012
        "abstract": True,
        "indexes": [
            {"fields": ["state", "order"]},
            {"fields": ["outcome", "order"]},
            {"fields": ["language", "order"]},
            {"fields": ["labels", "order"]},
            {"fields": ["erased", "order"]},
            {"fields": ["owner", "order"]},
            {"fields": ["owner", "state", "order"]},
            {"fields": ["owner", "outcome", "order"]},
            {"fields": ["owner", "language", "order"]},
            {"fields": ["owner", "labels", "order"]},
            {
                "fields": ["state", "next_action_at"],
                "partialFilterExpression": {"next_action_at": IS_TIME},
            },
            {"fields": ["relay_at"], "partialFilterExpression": {"relay_at": IS_TIME}},
            {"fields": ["ended_at"], "partialFilterExpression": {"completed_at": IS_TIME}},
            {
                "fields": ["state", "priority", "unfinished"],
                "partialFilterExpression": {"unfinished": True},
            },
            {"fields": ["owner", "unfinished"], "partialFilterExpression": {"unfinished": True}},
            {
                "fields": ["state", "priority", "created_at"],
                "partialFilterExpression": {"unfinished": True},
            },
        ],
    }


class ProgramDocument(Document):  # type: ignore[misc]
    """What an execution runs. Apart, because a row is read often and a program once."""

    id = StringField(primary_key=True)
    submission = BinaryField()

    meta: dict[str, Any] = {"abstract": True}  # noqa: RUF012


class ResultDocument(Document):  # type: ignore[misc]
    """What one attempt printed and how it ended."""

    id = StringField(primary_key=True)
    execution_id = StringField()
    result = BinaryField()

    meta: dict[str, Any] = {"abstract": True, "indexes": [{"fields": ["execution_id"]}]}  # noqa: RUF012


class DeadLetterDocument(Document):  # type: ignore[misc]
    id = StringField(primary_key=True)
    order = StringField()
    kind = StringField()
    status = StringField()
    origin = StringField()
    execution_id = StringField()
    payload = StringField()
    error = StringField()
    attempts = IntField()
    retries = IntField()
    first_failed_at = IntField()
    last_failed_at = IntField()
    next_retry_at = IntField()

    meta: dict[str, Any] = {  # noqa: RUF012
        "abstract": True,
        "indexes": [
            {"fields": ["status", "order"]},
            {"fields": ["kind", "order"]},
            {"fields": ["status", "kind", "order"]},
            {
                "fields": ["status", "next_retry_at"],
                "partialFilterExpression": {"next_retry_at": IS_TIME},
            },
        ],
    }


class ApiKeyDocument(Document):  # type: ignore[misc]
    id = StringField(primary_key=True)
    name = StringField()
    role = StringField()
    secret_hash = StringField()
    created_at = IntField()
    max_unfinished = IntField()

    meta: dict[str, Any] = {  # noqa: RUF012
        "abstract": True,
        "indexes": [{"fields": ["secret_hash"], "unique": True}],
    }


class IdempotencyDocument(Document):  # type: ignore[misc]
    id = StringField(primary_key=True)
    """The hash of owner and Idempotency-Key."""
    body_hash = StringField()
    execution_id = StringField()
    expires_at = IntField()

    meta: dict[str, Any] = {"abstract": True, "indexes": [{"fields": ["expires_at"]}]}  # noqa: RUF012


class ReplayDocument(Document):  # type: ignore[misc]
    id = StringField(primary_key=True)
    order = StringField()
    version = IntField()
    next_action_at = IntField()
    ended_at = IntField()
    replay = StringField()
    """The session as JSON (types of events, which counts go by, hold dots)."""

    meta: dict[str, Any] = {  # noqa: RUF012
        "abstract": True,
        "indexes": [
            {"fields": ["order"]},
            {
                "fields": ["next_action_at"],
                "partialFilterExpression": {"next_action_at": IS_TIME},
            },
            {"fields": ["ended_at"], "partialFilterExpression": {"ended_at": IS_TIME}},
        ],
    }


class OfferedDocument(Document):  # type: ignore[misc]
    """The one document of its collection: what the runtime offers."""

    id = StringField(primary_key=True)
    languages = StringField()
    """As JSON."""

    meta: dict[str, Any] = {"abstract": True}  # noqa: RUF012


class VersionDocument(Document):  # type: ignore[misc]
    """The one document of its collection: the version of all others, see versions.py."""

    id = StringField(primary_key=True)
    version = IntField()
    leased_until = IntField()
    """In seconds since the epoch; 0 if no process upgrades the database."""
    leased_by = StringField()

    meta: dict[str, Any] = {"abstract": True}  # noqa: RUF012


class HeartbeatDocument(Document):  # type: ignore[misc]
    """Written by `ping`, to know that writes are taken."""

    id = StringField(primary_key=True)
    beats = IntField()

    meta: dict[str, Any] = {"abstract": True}  # noqa: RUF012


COLLECTIONS: Final[dict[type[Document], str]] = {
    ExecutionDocument: "executions",
    ProgramDocument: "programs",
    ResultDocument: "results",
    DeadLetterDocument: "dead_letters",
    ApiKeyDocument: "api_keys",
    IdempotencyDocument: "idempotency",
    ReplayDocument: "replays",
    OfferedDocument: "offered",
    VersionDocument: "version",
    HeartbeatDocument: "heartbeat",
}


def bind(document: type[Document], alias: str) -> type[Document]:
    """The same document on the connection that mongoengine knows by this alias."""
    meta = {
        "db_alias": alias,
        "collection": COLLECTIONS[document],
        "auto_create_index": False,
        "strict": False,
    }
    return type(document.__name__, (document,), {"meta": meta})
