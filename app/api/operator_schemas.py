"""The bodies of responses about replays, dead letters, keys and sessions."""

from pydantic import Field

from app.api.schemas import Answered, Moment
from app.domain.api_key import Role
from app.domain.audit import AuditOutcome
from app.domain.dead_letter import DeadLetterKind, DeadLetterStatus
from app.domain.replay import ReplayMode, ReplayStatus, Skipped


class Replay(Answered):
    """A replay. It counts events; with `resubmit`, `done` and `skipped` count executions."""

    id: str
    mode: ReplayMode
    from_: Moment | None = Field(serialization_alias="from")
    to: Moment | None
    types: list[str]
    executions: list[str]
    target: str | None = Field(description="Without its password.")
    dry_run: bool
    requested_by: str
    status: ReplayStatus
    matched: dict[str, int] = Field(description="Events that match the filter, by type.")
    done: int = Field(description="In a dry run: what would be done.")
    skipped: dict[Skipped, int] = Field(description="What was skipped, by reason.")
    error: str | None = Field(description="Why it failed, or what it waits for.")
    created_at: Moment
    started_at: Moment | None
    ended_at: Moment | None


class ReplayPage(Answered):
    items: list[Replay]
    next_cursor: str | None


class DeadLetter(Answered):
    """The record of something that failed."""

    id: str
    kind: DeadLetterKind
    status: DeadLetterStatus
    origin: str = Field(description="The task, or `queue:<name>` for a message that is not a task.")
    execution_id: str | None
    payload: str | None = Field(description="Poison only: the raw message, in base64.")
    error: str
    attempts: int
    retries: int
    first_failed_at: Moment
    last_failed_at: Moment
    next_retry_at: Moment | None
    traceback: str | None = Field(
        description="Where it was raised: files, lines and functions, innermost last. Null for "
        "what was not raised."
    )


class AuditRecord(Answered):
    """Who changed what."""

    id: str
    time: Moment
    key_id: str | None = Field(
        description="Null for what a command on the server did, and for refused sign-ins."
    )
    name: str | None = Field(description="The owner of the key.")
    role: Role | None
    address: str = Field(description="The client's address as the service sees it, or `cli`.")
    forwarded_for: str | None = Field(
        description="`X-Forwarded-For` of the request, which a client can forge."
    )
    action: str = Field(description="The method and the route, or the command.")
    target: dict[str, str | int | float | bool | None] = Field(
        description="The ids in the path, and what the request named or created."
    )
    request_id: str | None
    outcome: AuditOutcome = Field(
        description="`refused`: nothing was changed. `begun`: the process died, or it goes on."
    )
    status: int | None = Field(description="Of the response.")


class AuditPage(Answered):
    items: list[AuditRecord]
    next_cursor: str | None


class DeadLetterPage(Answered):
    items: list[DeadLetter]
    next_cursor: str | None


class Retried(Answered):
    """What a call on many dead letters has done."""

    retried: int
    skipped: int = Field(description="Those that can't be retried.")
    remaining: int = Field(
        description="How many still match, counted up to 1,000. In a dry run: all that match."
    )


class Discarded(Answered):
    """What a call on many dead letters has done."""

    discarded: int
    remaining: int = Field(
        description="How many still match, counted up to 1,000. In a dry run: all that match."
    )


class Session(Answered):
    """A session of a browser."""

    name: str = Field(description="The owner.")
    role: Role
    csrf_token: str = Field(description="For the header `X-CSRF-Token`.")
    expires_at: Moment


class SignInToken(Answered):
    token: str = Field(description="For `Authorization: Bearer`, once.")
    expires_at: Moment


class Key(Answered):
    id: str
    name: str
    role: Role
    created_at: Moment
    max_unfinished: int | None
    requests: str | None = Field(description="Such as `10/s`; null: the setting.")
    cpu_day: float | None = Field(description="CPU seconds in a day (UTC); null: the setting.")
    door: str | None = Field(description="The only door that it opens; null: the API and all.")


class KeyList(Answered):
    items: list[Key]


class CreatedKey(Key):
    key: str = Field(description="The secret, which is shown only here.")
    callback_secret: str | None = Field(
        description="Signs callbacks; shown only here. Null if the service can't sign."
    )


class RotatedSecret(Answered):
    """The new secret that signs the callbacks of a key."""

    callback_secret: str = Field(description="Shown only here.")
    previous_valid_until: Moment = Field(description="Until then, the previous one signs too.")
