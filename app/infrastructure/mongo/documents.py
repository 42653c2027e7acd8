"""The collections of the MongoDB store, as mongoengine documents.

They are abstract: `bind` creates the classes that a store uses, on its own connection.
Each index here serves one query. Partial indexes hold only the rows that their query can return.
"""

from typing import Any, Final

from mongoengine import (
    BinaryField,
    BooleanField,
    DictField,
    Document,
    FloatField,
    IntField,
    ListField,
    StringField,
)

IS_TIME: Final = {"$gt": 0}
"""Neither missing nor null, as the filter of a partial index and in its queries."""


IS_TEXT: Final = {"$gt": ""}
"""As `IS_TIME`, for ids."""


class ExecutionDocument(Document):
    """One execution with its events. Updates change single fields only."""

    id = StringField(primary_key=True)
    order = StringField()
    """The id again, because the tests' MongoDB has no compound index over `_id`."""
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
    batch_id = StringField()
    tests = IntField()
    has_checker = BooleanField()
    checker_language = StringField()
    state = StringField()
    unfinished = BooleanField()
    """True, or missing once the state is terminal."""
    version = IntField()
    attempt = IntField()
    place = StringField()
    tries = DictField()
    start_deadline = IntField()
    message = StringField()
    outcome = StringField()
    exit_code = IntField()
    signal = StringField()
    wrong_runs = StringField()
    """As JSON."""
    result_id = StringField()
    created_at = IntField()
    admitted_at = IntField()
    started_at = IntField()
    finished_at = IntField()
    ended_at = IntField(db_field="completed_at")
    """Stored under its first name: another one would lose the rows of a rolling upgrade."""
    next_action_at = IntField()
    held_until = IntField()
    """Missing unless a step takes long."""
    erased = BooleanField()
    rebuilt_at = IntField()
    """Present only in rebuilt rows."""
    key_id = StringField()
    cpu_us = IntField()
    stored_bytes = IntField()
    usage_at = IntField()
    """Missing once its usage has been folded."""
    callback = StringField()
    """As JSON."""
    callback_at = IntField()
    """When the callback is due; missing unless it is pending."""
    door_data = StringField()
    traceparent = StringField()
    events = DictField()
    """By version: type, time, and data as JSON, because names of labels may contain dots."""
    relayed = IntField()
    relay_at = IntField()
    """The time of the first event that is not in the log; missing if all are."""

    meta: dict[str, Any] = {
        "abstract": True,
        "indexes": [
            {"fields": ["state", "order"]},
            {"fields": ["outcome", "order"]},
            {"fields": ["language", "order"]},
            {"fields": ["priority", "order"]},
            {"fields": ["labels", "order"]},
            {"fields": ["erased", "order"]},
            {"fields": ["owner", "order"]},
            {"fields": ["owner", "state", "order"]},
            {"fields": ["owner", "outcome", "order"]},
            {"fields": ["owner", "language", "order"]},
            {"fields": ["owner", "priority", "order"]},
            {"fields": ["owner", "labels", "order"]},
            {
                "fields": ["state", "next_action_at"],
                "partialFilterExpression": {"next_action_at": IS_TIME},
            },
            {
                "fields": ["batch_id", "order"],
                "partialFilterExpression": {"batch_id": IS_TEXT},
            },
            {"fields": ["relay_at"], "partialFilterExpression": {"relay_at": IS_TIME}},
            {"fields": ["usage_at"], "partialFilterExpression": {"usage_at": IS_TIME}},
            {"fields": ["callback_at"], "partialFilterExpression": {"callback_at": IS_TIME}},
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


class ProgramDocument(Document):
    """The program of an execution, stored separately because it is read only once."""

    id = StringField(primary_key=True)
    submission = BinaryField()

    meta: dict[str, Any] = {"abstract": True}


class ResultDocument(Document):
    """The result of one attempt."""

    id = StringField(primary_key=True)
    execution_id = StringField()
    result = BinaryField()

    meta: dict[str, Any] = {"abstract": True, "indexes": [{"fields": ["execution_id"]}]}


class PieceDocument(Document):
    """A piece of a blob."""

    id = StringField(primary_key=True)
    execution_id = StringField()
    content = BinaryField()
    stored_at = IntField()
    """In milliseconds; in the first piece of a blob, when it was last stored."""

    meta: dict[str, Any] = {"abstract": True, "indexes": [{"fields": ["execution_id"]}]}


class BatchDocument(Document):
    """A batch as JSON, with extra fields for queries. The executions name it."""

    id = StringField(primary_key=True)
    created_at = IntField()
    next_action_at = IntField()
    """Missing once it is complete."""
    batch = StringField()

    meta: dict[str, Any] = {
        "abstract": True,
        "indexes": [
            {"fields": ["created_at"]},
            {
                "fields": ["next_action_at"],
                "partialFilterExpression": {"next_action_at": IS_TIME},
            },
        ],
    }


class DeadLetterDocument(Document):
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
    traceback = StringField()

    meta: dict[str, Any] = {
        "abstract": True,
        "indexes": [
            {"fields": ["status", "order"]},
            {"fields": ["kind", "order"]},
            {"fields": ["status", "kind", "order"]},
            {"fields": ["status", "last_failed_at"]},
            {
                "fields": ["status", "next_retry_at"],
                "partialFilterExpression": {"next_retry_at": IS_TIME},
            },
        ],
    }


class ApiKeyDocument(Document):
    id = StringField(primary_key=True)
    name = StringField()
    role = StringField()
    secret_hash = StringField()
    created_at = IntField()
    max_unfinished = IntField()
    requests = StringField()
    cpu_day = FloatField()
    callback_generation = IntField(default=1)
    callback_rotated_at = IntField()
    door = StringField()

    meta: dict[str, Any] = {
        "abstract": True,
        "indexes": [{"fields": ["secret_hash"], "unique": True}],
    }


class UsageDayDocument(Document):
    id = StringField(primary_key=True)
    """Owner, day and key."""
    owner = StringField()
    day = StringField()
    key_id = StringField()
    executions = IntField()
    cpu_us = IntField()
    stored_bytes = IntField()
    version = IntField()
    folding = ListField(StringField())

    meta: dict[str, Any] = {
        "abstract": True,
        "indexes": [{"fields": ["owner", "day"]}, {"fields": ["day"]}],
    }


class IdempotencyDocument(Document):
    id = StringField(primary_key=True)
    """The hash of owner and Idempotency-Key."""
    body_hash = StringField()
    execution_id = StringField()
    expires_at = IntField()

    meta: dict[str, Any] = {"abstract": True, "indexes": [{"fields": ["expires_at"]}]}


class ReplayDocument(Document):
    id = StringField(primary_key=True)
    order = StringField()
    version = IntField()
    next_action_at = IntField()
    ended_at = IntField()
    replay = StringField()
    """The replay as JSON, because the types of events in its counts contain dots."""

    meta: dict[str, Any] = {
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


class AuditDocument(Document):
    """A record of the audit log as JSON, with extra fields for queries."""

    id = StringField(primary_key=True)
    order = StringField()
    relay_at = IntField()
    """Missing once it is in the event log."""
    record = StringField()

    meta: dict[str, Any] = {
        "abstract": True,
        "indexes": [
            {"fields": ["order"]},
            {"fields": ["relay_at"], "partialFilterExpression": {"relay_at": IS_TIME}},
        ],
    }


class OfferedDocument(Document):
    """The only document in its collection: the languages that the runtime offers."""

    id = StringField(primary_key=True)
    languages = StringField()
    """As JSON."""

    meta: dict[str, Any] = {"abstract": True}


class VersionDocument(Document):
    """The only document in its collection: the version of all others; see versions.py."""

    id = StringField(primary_key=True)
    version = IntField()
    leased_until = IntField()
    """In seconds since the epoch, or 0 if no process is upgrading the database."""
    leased_by = StringField()
    identity = StringField()
    """Tells this database from all others. Missing until somebody asks for it."""

    meta: dict[str, Any] = {"abstract": True}


class HeartbeatDocument(Document):
    """Written by `ping` to check that writes are accepted."""

    id = StringField(primary_key=True)
    beats = IntField()

    meta: dict[str, Any] = {"abstract": True}


COLLECTIONS: Final[dict[type[Document], str]] = {
    ExecutionDocument: "executions",
    ProgramDocument: "programs",
    ResultDocument: "results",
    PieceDocument: "pieces",
    BatchDocument: "batches",
    DeadLetterDocument: "dead_letters",
    ApiKeyDocument: "api_keys",
    UsageDayDocument: "usage_days",
    IdempotencyDocument: "idempotency",
    ReplayDocument: "replays",
    AuditDocument: "audit",
    OfferedDocument: "offered",
    VersionDocument: "version",
    HeartbeatDocument: "heartbeat",
}


def bind(document: type[Document], alias: str) -> type[Document]:
    """Return the document's class on the connection with this alias."""
    meta = {
        "db_alias": alias,
        "collection": COLLECTIONS[document],
        "auto_create_index": False,
        "strict": False,
    }
    return type(document.__name__, (document,), {"meta": meta})
