"""The calls for operators and admins."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from podline.connection import Connection
from podline.decoding import decode
from podline.models import DeadLetter, Key, NewKey, Role
from podline.pages import items, pages

_DEAD_LETTERS = "/api/v1/dead-letters"
_KEYS = "/api/v1/keys"


class DeadLetters:
    """What failed and was kept. Needs the operator role."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self, *, status: str | None = None, kind: str | None = None) -> Iterator[DeadLetter]:
        """All of them, or those of one status and one kind."""
        query = [(n, v) for n, v in (("status", status), ("kind", kind)) if v is not None]
        return pages(self._connection, _DEAD_LETTERS, DeadLetter, query)

    def get(self, letter_id: str) -> DeadLetter:
        return decode(DeadLetter, self._connection.request("GET", _letter(letter_id)))

    def retry(self, letter_id: str) -> DeadLetter:
        """Try again now what failed."""
        return decode(DeadLetter, self._connection.request("POST", f"{_letter(letter_id)}/retry"))

    def retry_all(
        self, *, status: str | None = None, kind: str | None = None, limit: int = 50
    ) -> int:
        """Try again up to `limit` of them; how many there were."""
        body = {"status": status, "kind": kind, "limit": limit}
        answer = self._connection.request("POST", f"{_DEAD_LETTERS}/retry", body=body)
        return decode(_Retried, answer).retried

    def discard(self, letter_id: str) -> DeadLetter:
        """Never try it again."""
        return decode(DeadLetter, self._connection.request("POST", f"{_letter(letter_id)}/discard"))


class Keys:
    """The API keys of the service. Needs the admin role."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self) -> tuple[Key, ...]:
        return items(self._connection, _KEYS, Key)

    def create(
        self, name: str, *, role: str = Role.USER, max_unfinished: int | None = None
    ) -> NewKey:
        """A key for the owner `name`; its secret is shown this once."""
        body = {"name": name, "role": role, "max_unfinished": max_unfinished}
        return decode(NewKey, self._connection.request("POST", _KEYS, body=body))

    def delete(self, key_id: str) -> None:
        self._connection.request("DELETE", f"{_KEYS}/{quote(key_id, safe='')}")


@dataclass(frozen=True, slots=True)
class _Retried:
    retried: int


def _letter(letter_id: str) -> str:
    return f"{_DEAD_LETTERS}/{quote(letter_id, safe='')}"
