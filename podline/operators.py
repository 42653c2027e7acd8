"""The methods for operators and admins."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from podline.arguments import moment, path_segment
from podline.connection import Connection
from podline.decoding import decode
from podline.models import DeadLetter, Event, Key, NewKey, Replay, Role, RotatedSecret
from podline.pages import items, pages

_DEAD_LETTERS = "/api/v1/dead-letters"
_EVENTS = "/api/v1/events"
_REPLAYS = "/api/v1/replays"
_KEYS = "/api/v1/keys"


class DeadLetters:
    """The dead letters. Needs the operator role."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self, *, status: str | None = None, kind: str | None = None) -> Iterator[DeadLetter]:
        """List the dead letters, optionally of one status or kind."""
        query = [(n, v) for n, v in (("status", status), ("kind", kind)) if v is not None]
        return pages(self._connection, _DEAD_LETTERS, DeadLetter, query)

    def get(self, letter_id: str) -> DeadLetter:
        return decode(DeadLetter, self._connection.request("GET", _letter(letter_id)))

    def retry(self, letter_id: str) -> DeadLetter:
        """Retry now what failed."""
        return decode(DeadLetter, self._connection.request("POST", f"{_letter(letter_id)}/retry"))

    def retry_all(
        self, *, status: str | None = None, kind: str | None = None, limit: int = 50
    ) -> int:
        """Retry up to `limit` dead letters now. Returns how many were retried."""
        body = {"status": status, "kind": kind, "limit": limit}
        answer = self._connection.request("POST", f"{_DEAD_LETTERS}/retry", body=body)
        return decode(_Retried, answer).retried

    def discard(self, letter_id: str) -> DeadLetter:
        """Stop retrying it."""
        return decode(DeadLetter, self._connection.request("POST", f"{_letter(letter_id)}/discard"))


class EventLog:
    """The events of all executions. Needs the operator role."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        types: Iterable[str] = (),
        executions: Iterable[str] = (),
    ) -> Iterator[Event]:
        """List events, oldest first. An event may appear more than once, with the same id.

        `until` is exclusive. A datetime without a time zone is local time.
        """
        query = [("from", moment(since))] if since else []
        query += [("to", moment(until))] if until else []
        query += [("type", name) for name in types]
        query += [("execution", id) for id in executions]
        return pages(self._connection, _EVENTS, Event, query)


class Replays:
    """Replays of the event log. Needs the operator role."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def start(
        self,
        mode: str,
        *,
        target: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        types: Iterable[str] = (),
        executions: Iterable[str] = (),
        dry_run: bool = False,
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
        return decode(Replay, self._connection.request("POST", _REPLAYS, body=body))

    def list(self) -> Iterator[Replay]:
        """List all replays, newest first."""
        return pages(self._connection, _REPLAYS, Replay)

    def get(self, replay_id: str) -> Replay:
        """Return the replay's current state."""
        return decode(Replay, self._connection.request("GET", _replay(replay_id)))

    def cancel(self, replay_id: str) -> Replay:
        """Stop the replay. Raises Conflict if it has ended."""
        return decode(Replay, self._connection.request("POST", f"{_replay(replay_id)}/cancel"))


class Keys:
    """The API keys of the service. Needs the admin role."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self) -> tuple[Key, ...]:
        return items(self._connection, _KEYS, Key)

    def create(
        self,
        name: str,
        *,
        role: str = Role.USER,
        max_unfinished: int | None = None,
        requests: str | None = None,
        cpu_day: float | None = None,
    ) -> NewKey:
        """Create a key for the owner `name`. Its secrets are shown only once.

        `requests` is a rate such as `10/s` or `1000/h`; `cpu_day`, the CPU seconds that its
        programs may use in a day.
        """
        limits = {"max_unfinished": max_unfinished, "requests": requests, "cpu_day": cpu_day}
        given = {name: limit for name, limit in limits.items() if limit is not None}
        body = {"name": name, "role": role, **given}
        return decode(NewKey, self._connection.request("POST", _KEYS, body=body))

    def rotate_secret(self, key_id: str) -> RotatedSecret:
        """Replace the secret that signs the key's callbacks. For a day, both sign."""
        path = f"{_KEYS}/{path_segment(key_id)}/rotate-secret"
        return decode(RotatedSecret, self._connection.request("POST", path))

    def delete(self, key_id: str) -> None:
        self._connection.request("DELETE", f"{_KEYS}/{path_segment(key_id)}")


@dataclass(frozen=True, slots=True)
class _Retried:
    retried: int


def _replay(replay_id: str) -> str:
    return f"{_REPLAYS}/{path_segment(replay_id)}"


def _letter(letter_id: str) -> str:
    return f"{_DEAD_LETTERS}/{path_segment(letter_id)}"
