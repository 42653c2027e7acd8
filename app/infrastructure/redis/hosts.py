"""Heartbeats of sandbox hosts in Redis, whose clock says how old each is."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.resources import files
from time import monotonic
from typing import Final, cast

import redis

from app.domain.errors import NameTaken
from app.domain.execution import SECOND
from app.domain.hosts import Group, HostReport, HostSize, groups_of
from app.infrastructure import codec
from app.infrastructure.readable import REPORTS_OF, readable
from app.infrastructure.redis.connection import raises_unavailable
from app.ports.hosts import HOST_SECONDS

CLOCK: Final = "podline:hosts:clock"
SEEN: Final = "podline:hosts:seen"
REPORTS: Final = "podline:hosts:reports"
SIZES: Final = "podline:hosts:sizes"
OWNERS: Final = "podline:hosts:owners"
KEYS: Final = (CLOCK, SEEN, REPORTS, SIZES, OWNERS)
"""In the order in which hosts.lua unpacks them."""
DATABASE: Final = "podline:hosts:database"
SERVED_SECONDS: Final = 2.0
"""If nobody could call Redis for longer, this much counts as the age of heartbeats. A host that
sends one each second is then silent for at most four, and is not lost.
"""


class RedisHosts:
    def __init__(
        self,
        client: redis.Redis,
        fresh_seconds: float = 0,
        elapsed: Callable[[], float] = monotonic,
        *,
        lost_seconds: float = HOST_SECONDS,
        served_seconds: float = SERVED_SECONDS,
    ) -> None:
        """Sizes are asked for again after `fresh_seconds`, or after a report: each execution needs
        them twice.
        """
        self._client = client
        self._fresh_seconds = fresh_seconds
        self._elapsed = elapsed
        self._lost_seconds = lost_seconds
        self._ages = int(lost_seconds * SECOND), int(served_seconds * SECOND)
        self._known: tuple[float, tuple[Mapping[str, HostSize], Sequence[Group]]] | None = None
        self._held_at: float | None = elapsed()
        """When this process's host had its name last, as far as is known. None: it has lost it."""
        source = files(__package__).joinpath("hosts.lua").read_text(encoding="utf-8")
        self._script = client.register_script(source)

    @raises_unavailable
    def put(self, report: HostReport) -> None:
        now = self._elapsed()
        size = codec.HOST_SIZE.dump_json(HostSize.of(report)).decode()
        text = codec.HOST_REPORT.dump_json(report).decode()
        if not self._call("put", report.name, report.owner, text, size):
            self._held_at = None
            raise NameTaken(report.name)
        self._held_at = now
        self._known = None

    def holds(self, name: str, owner: str) -> bool:  # noqa: ARG002  # a process has one host
        held_at = self._held_at
        return held_at is not None and self._elapsed() - held_at < self._lost_seconds

    @raises_unavailable
    def remove(self, name: str, owner: str | None = None) -> None:
        self._call("remove", name, owner or "")
        self._known = None

    @raises_unavailable
    def leave(self, name: str, owner: str) -> None:
        self._held_at = None
        self._call("leave", name, owner)

    @raises_unavailable
    def owners(self) -> Mapping[str, str]:
        return self._texts("living", OWNERS)

    @raises_unavailable
    def alive(self) -> list[HostReport]:
        found = self._texts("living", REPORTS)
        reports = dict(readable(codec.HOST_REPORT.validate_json, found.items(), REPORTS_OF))
        return [reports[name] for name in sorted(reports)]

    @raises_unavailable
    def sizes(self) -> Mapping[str, HostSize]:
        return self._fresh()[0]

    @raises_unavailable
    def groups(self) -> Sequence[Group]:
        return self._fresh()[1]

    def _fresh(self) -> tuple[Mapping[str, HostSize], Sequence[Group]]:
        """The sizes and the groups, which are counted once for all hosts."""
        now, known = self._elapsed(), self._known
        if known is None or now - known[0] >= self._fresh_seconds:
            sizes = _sizes(self._texts("living", SIZES))
            self._known = known = now, (sizes, groups_of(sizes.values()))
        return known[1]

    @raises_unavailable
    def lost(self) -> Mapping[str, str | None]:
        found = cast(list[str], self._call("lost"))
        sizes = _sizes(_with_text(found))
        return {name: sizes[name].group if name in sizes else None for name in sorted(found[::2])}

    @raises_unavailable
    def put_database(self, identity: str) -> None:
        self._client.set(DATABASE, identity)

    @raises_unavailable
    def database(self) -> str | None:
        return cast(str | None, self._client.get(DATABASE))

    @raises_unavailable
    def expect(self, names: Iterable[str]) -> None:
        expected = list(names)
        if expected:
            self._call("expect", *expected)

    def _texts(self, operation: str, key: str) -> Mapping[str, str]:
        return _with_text(cast(list[str], self._call(operation, key)))

    def _call(self, operation: str, *arguments: str) -> object:
        return self._script(keys=KEYS, args=[operation, *self._ages, *arguments])


def _sizes(found: Mapping[str, str]) -> dict[str, HostSize]:
    return dict(readable(codec.HOST_SIZE.validate_json, found.items(), REPORTS_OF))


def _with_text(names_and_texts: list[str]) -> Mapping[str, str]:
    """A host that is only expected has sent nothing."""
    pairs = zip(names_and_texts[::2], names_and_texts[1::2], strict=True)
    return {name: text for name, text in pairs if text}
