"""The calls for operators and admins."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Unpack

from podline.arguments import moment, path_segment
from podline.calls import Calls, Items, Mode, call, iteration
from podline.deadline import Deadline
from podline.decoding import decode
from podline.models import Event
from podline.operator_models import (
    AuditRecord,
    DeadLetter,
    Key,
    KeyLimits,
    NewKey,
    Replay,
    Role,
    RotatedSecret,
)
from podline.pages import followed, items, pages

_AUDIT = "/api/v1/audit"
_DEAD_LETTERS = "/api/v1/dead-letters"
_EVENTS = "/api/v1/events"
_REPLAYS = "/api/v1/replays"
_KEYS = "/api/v1/keys"


class DeadLetters(Calls[Mode]):
    """The dead letters. Needs the operator role."""

    @iteration
    def list(
        self,
        *,
        status: str | None = None,
        kind: str | None = None,
        timeout: float | None = None,
    ) -> Items[DeadLetter]:
        """List the dead letters, optionally of one status or kind."""
        query = [(n, v) for n, v in (("status", status), ("kind", kind)) if v is not None]
        return pages(self._connection, _DEAD_LETTERS, DeadLetter, query, timeout=timeout)

    @call
    async def get(self, letter_id: str, *, timeout: float | None = None) -> DeadLetter:
        """Return a dead letter. Raises NotFound."""
        answer = await self._connection.request(
            "GET", _letter(letter_id), deadline=Deadline.of_call(timeout)
        )
        return decode(DeadLetter, answer)

    @call
    async def retry(self, letter_id: str, *, timeout: float | None = None) -> DeadLetter:
        """Retry now what failed."""
        answer = await self._connection.request(
            "POST", f"{_letter(letter_id)}/retry", deadline=Deadline.of_call(timeout)
        )
        return decode(DeadLetter, answer)

    @call
    async def retry_all(
        self,
        *,
        status: str | None = None,
        kind: str | None = None,
        limit: int = 50,
        timeout: float | None = None,
    ) -> int:
        """Retry up to `limit` dead letters now, by default those that wait.

        Returns how many were retried.
        """
        answer = await self._of_all("retry", status, kind, limit, timeout)
        return decode(_Retried, answer).retried

    @call
    async def discard_all(
        self,
        *,
        status: str | None = None,
        kind: str | None = None,
        limit: int = 50,
        timeout: float | None = None,
    ) -> int:
        """Discard up to `limit` dead letters, by default those that wait.

        Returns how many were discarded.
        """
        answer = await self._of_all("discard", status, kind, limit, timeout)
        return decode(_Discarded, answer).discarded

    @call
    async def discard(self, letter_id: str, *, timeout: float | None = None) -> DeadLetter:
        """Stop retrying it."""
        answer = await self._connection.request(
            "POST",
            f"{_letter(letter_id)}/discard",
            repeatable=True,
            deadline=Deadline.of_call(timeout),
        )
        return decode(DeadLetter, answer)

    async def _of_all(
        self, verb: str, status: str | None, kind: str | None, limit: int, timeout: float | None
    ) -> object:
        return await self._connection.request(
            "POST",
            f"{_DEAD_LETTERS}/{verb}",
            body={"status": status, "kind": kind, "limit": limit},
            deadline=Deadline.of_call(timeout),
        )


class AuditLog(Calls[Mode]):
    """What operators and admins changed. Needs the admin role."""

    @iteration
    def list(self, *, timeout: float | None = None) -> Items[AuditRecord]:
        """List the records, newest first."""
        return pages(self._connection, _AUDIT, AuditRecord, [], timeout=timeout)


class EventLog(Calls[Mode]):
    """The events of all executions. Needs the operator role."""

    @iteration
    def list(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        types: Iterable[str] = (),
        executions: Iterable[str] = (),
        owner: str | None = None,
        timeout: float | None = None,
    ) -> Items[Event]:
        """List events, oldest first. An event may appear more than once, with the same id.

        `until` is exclusive. A datetime without a time zone is local time.
        """
        query = _selected(since, until, types, executions)
        query += [("owner", owner)] if owner else []
        return pages(self._connection, _EVENTS, Event, query, timeout=timeout)

    @iteration
    def follow(
        self,
        *,
        since: datetime | None = None,
        types: Iterable[str] = (),
        executions: Iterable[str] = (),
        timeout: float | None = None,
    ) -> Items[Event]:
        """Yield events as they arrive in the log, without an end. See `list`.

        `since` is by default the time of the call. Continues after a short outage of the service.
        """
        query = _selected(since or datetime.now(UTC), None, types, executions)
        return followed(self._connection, _EVENTS, Event, query, timeout=timeout)


class Replays(Calls[Mode]):
    """Replays of the event log. Needs the operator role."""

    @call
    async def start(
        self,
        mode: str,
        *,
        target: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        types: Iterable[str] = (),
        executions: Iterable[str] = (),
        dry_run: bool = False,
        timeout: float | None = None,
    ) -> Replay:
        """Re-emit events to `target`, rebuild rows, or resubmit programs, by `mode`.

        The filter works as in `EventLog.list`.
        """
        body = {
            "mode": mode,
            "target": target,
            "from": moment(since) if since else None,
            "to": moment(until) if until else None,
            "types": list(types),
            "executions": list(executions),
            "dry_run": dry_run,
        }
        answer = await self._connection.request(
            "POST", _REPLAYS, body=body, deadline=Deadline.of_call(timeout)
        )
        return decode(Replay, answer)

    @iteration
    def list(self, *, timeout: float | None = None) -> Items[Replay]:
        """List all replays, newest first."""
        return pages(self._connection, _REPLAYS, Replay, timeout=timeout)

    @call
    async def get(self, replay_id: str, *, timeout: float | None = None) -> Replay:
        """Return the replay's current state. Raises NotFound."""
        answer = await self._connection.request(
            "GET", _replay(replay_id), deadline=Deadline.of_call(timeout)
        )
        return decode(Replay, answer)

    @call
    async def cancel(self, replay_id: str, *, timeout: float | None = None) -> Replay:
        """Stop the replay. Raises Conflict if it has ended."""
        answer = await self._connection.request(
            "POST", f"{_replay(replay_id)}/cancel", deadline=Deadline.of_call(timeout)
        )
        return decode(Replay, answer)


class Keys(Calls[Mode]):
    """The API keys of the service. Needs the admin role."""

    @call
    async def list(self, *, timeout: float | None = None) -> tuple[Key, ...]:
        """List all keys, without their secrets."""
        return await items(self._connection, _KEYS, Key, timeout=timeout)

    @call
    async def create(
        self,
        name: str,
        *,
        role: str = Role.USER,
        max_unfinished: int | None = None,
        requests: str | None = None,
        cpu_day: float | None = None,
        door: str | None = None,
        timeout: float | None = None,
    ) -> NewKey:
        """Create a key for the owner `name`. Its secrets are shown only once.

        `requests` is a rate such as `10/s` or `1000/h`; `cpu_day`, the CPU seconds that its
        programs may use in a day; `door`, the only door that the key opens, such as `piston`.
        """
        options = {
            "max_unfinished": max_unfinished,
            "requests": requests,
            "cpu_day": cpu_day,
            "door": door,
        }
        given = {name: option for name, option in options.items() if option is not None}
        answer = await self._connection.request(
            "POST",
            _KEYS,
            body={"name": name, "role": role, **given},
            deadline=Deadline.of_call(timeout),
        )
        return decode(NewKey, answer)

    @call
    async def change(
        self, key_id: str, *, timeout: float | None = None, **limits: Unpack[KeyLimits]
    ) -> Key:
        """Change limits of a key. Those that are left out stay as they are."""
        answer = await self._connection.request(
            "PATCH",
            _key(key_id),
            body=limits,
            repeatable=True,
            deadline=Deadline.of_call(timeout),
        )
        return decode(Key, answer)

    @call
    async def rotate_secret(self, key_id: str, *, timeout: float | None = None) -> RotatedSecret:
        """Replace the secret that signs the key's callbacks. For a day, both sign."""
        answer = await self._connection.request(
            "POST", f"{_key(key_id)}/rotate-secret", deadline=Deadline.of_call(timeout)
        )
        return decode(RotatedSecret, answer)

    @call
    async def delete(self, key_id: str, *, timeout: float | None = None) -> None:
        """Delete a key. Nobody can use it any more; its executions remain."""
        await self._connection.delete(_key(key_id), Deadline.of_call(timeout))


def _selected(
    since: datetime | None,
    until: datetime | None,
    types: Iterable[str],
    executions: Iterable[str],
) -> list[tuple[str, str]]:
    query = [("from", moment(since))] if since else []
    query += [("to", moment(until))] if until else []
    query += [("type", name) for name in types]
    return query + [("execution", id) for id in executions]


@dataclass(frozen=True, slots=True)
class _Retried:
    retried: int


@dataclass(frozen=True, slots=True)
class _Discarded:
    discarded: int


def _replay(replay_id: str) -> str:
    return f"{_REPLAYS}/{path_segment(replay_id)}"


def _letter(letter_id: str) -> str:
    return f"{_DEAD_LETTERS}/{path_segment(letter_id)}"


def _key(key_id: str) -> str:
    return f"{_KEYS}/{path_segment(key_id)}"
