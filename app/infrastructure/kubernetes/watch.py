"""Lists pods and then watches them, to report changes of phase, and ends of runs."""

from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from time import monotonic
from typing import Any, Final

from app.domain.errors import RuntimeUnavailable
from app.domain.report import Phase
from app.infrastructure.clock import now
from app.infrastructure.kubernetes.ahead import is_ahead, is_unclaimed
from app.infrastructure.kubernetes.connection import METADATA_ONLY, Connection, VersionExpired
from app.infrastructure.kubernetes.end_record import Broken
from app.infrastructure.kubernetes.idle import Idle
from app.infrastructure.kubernetes.manifest import COLLECTOR, SELECTOR
from app.infrastructure.kubernetes.observation import (
    attempt_of,
    is_unschedulable,
    observation_of,
    runs_of,
)
from app.infrastructure.kubernetes.room import Room, Standing
from app.infrastructure.kubernetes.standings import Standings
from app.infrastructure.kubernetes.transcript import runs_ended

_SECONDS_OF_ONE_REQUEST: Final = 1
"""Short, so that a watch can stop without aborting a request, and a dead one is noticed soon."""
_SECONDS_BETWEEN_LISTS: Final = 30.0
"""List regularly, because watches can fail silently:
https://kubernetes.io/docs/reference/using-api/api-concepts/
"""
_SECONDS_BETWEEN_LOOKS_AT_INPUTS: Final = 2.0
"""An input whose pod could not be created has no pod that could be watched."""


class PodWatch:
    """One watcher's view of all pods: the last known phase of each."""

    def __init__(self, connection: Connection, room: Room, idle: Idle) -> None:
        """List the pods, so that every later change is reported. Raises RuntimeUnavailable.

        `room` and `idle` learn what it sees.
        """
        self._connection = connection
        self._room = room
        self._idle = idle
        self._standings = Standings()
        self._inputs_seen_at = monotonic()
        self._phases: dict[str, Phase | None] = {}
        self._attempts: dict[str, str] = {}
        """The name of the first pod, for each that continues one."""
        self._ahead: set[str] = set()
        """Pods that were started ahead: they run before any program does."""
        self._ended: dict[str, int] = {}
        """How many runs have ended, of each running pod that has several."""
        self._version: str | None = None
        self._listed_at = 0.0
        self._list()

    def changes(self, stop: Callable[[], bool]) -> Iterator[str]:
        while not stop():
            if self._version is None or monotonic() - self._listed_at > _SECONDS_BETWEEN_LISTS:
                yield from self._list()
            try:
                yield from self._follow(stop)
            except VersionExpired:
                self._version = None
            yield from self._where_a_run_ended(stop)
            yield from self._without_room()

    def _list(self) -> list[str]:
        """List the pods, and return the names of those that have changed since the last list."""
        found = self._connection.get("/pods", labelSelector=SELECTOR).json()
        phases = dict(map(self._phase, found["items"]))
        changed = [name for name, phase in phases.items() if self._is_news(name, phase)]
        gone = [name for name in self._phases.keys() - phases.keys() if self._was_under_way(name)]
        attempts = [self._attempts.get(name, name) for name in changed + gone]
        self._phases = phases
        self._version = found["metadata"]["resourceVersion"]
        self._listed_at = monotonic()
        self._standings.put_all(found["items"])
        self._idle.put_all(found["items"])
        self._see()
        return attempts

    def _follow(self, stop: Callable[[], bool]) -> Iterator[str]:
        """Watch for the duration of one request."""
        events = self._connection.watch(
            "/pods",
            seconds=_SECONDS_OF_ONE_REQUEST,
            allowWatchBookmarks="true",
            labelSelector=SELECTOR,
            resourceVersion=str(self._version),
        )
        for event in events:
            pod = event["object"]
            self._version = pod["metadata"]["resourceVersion"]
            if event["type"] != "BOOKMARK" and self._changes(event["type"], pod):
                yield attempt_of(pod["metadata"])
            if stop():
                return

    def _changes(self, kind: str, pod: Mapping[str, Any]) -> bool:
        """Record the pod's phase, and return whether it is a change to report."""
        name, phase = self._phase(pod)
        no_room = self._finds_no_room(kind, pod)
        if kind == "DELETED":
            under_way = self._was_under_way(name)
            self._phases.pop(name, None)
            self._ended.pop(name, None)
            self._attempts.pop(name, None)
            self._ahead.discard(name)
            return under_way
        news = self._is_news(name, phase) or no_room
        self._phases[name] = phase
        return news

    def _finds_no_room(self, kind: str, pod: Mapping[str, Any]) -> bool:
        """Record whether it has a node, and return whether it has to give up its wait for one."""
        if kind == "DELETED":
            self._standings.remove(pod["metadata"]["name"])
            self._idle.remove(pod["metadata"]["name"])
        else:
            self._standings.put(pod)
            self._idle.put(pod)
        attempts = self._see()
        return is_unschedulable(pod) and attempt_of(pod["metadata"]) in self._room.excess(attempts)

    def _see(self) -> Mapping[str, Standing]:
        attempts = self._standings.attempts()
        self._room.see(attempts, monotonic(), self._standings.idle)
        return attempts

    def _without_room(self) -> list[str]:
        """Return those that have to give up their wait for a node, or for a quota."""
        if monotonic() - self._inputs_seen_at > _SECONDS_BETWEEN_LOOKS_AT_INPUTS:
            found = self._connection.get(
                "/configmaps", accept=METADATA_ONLY, labelSelector=SELECTOR
            ).json()
            self._standings.put_inputs(item["metadata"] for item in found["items"] or [])
            self._inputs_seen_at = monotonic()
        return self._room.excess(self._see())

    def _is_news(self, name: str, phase: Phase | None) -> bool:
        """Report no waiting pods, which their creator knows, and no pods that are being removed."""
        if phase is Phase.RUNNING and name in self._ahead:
            return False
        return phase not in (None, Phase.WAITING, self._phases.get(name))

    def _phase(self, pod: Mapping[str, Any]) -> tuple[str, Phase | None]:
        """Also record whether it may soon report ends of runs."""
        name = pod["metadata"]["name"]
        if (attempt := attempt_of(pod["metadata"])) != name:
            self._attempts[name] = attempt
        if is_ahead(pod["metadata"]):
            self._ahead.add(name)
        if is_unclaimed(pod["metadata"]):
            return name, None
        observation = observation_of(pod, now())
        phase = observation.phase if observation else None
        if phase is Phase.RUNNING and runs_of(pod) > 1:
            self._ended.setdefault(name, 0)
        else:
            self._ended.pop(name, None)
        return name, phase

    def _where_a_run_ended(self, stop: Callable[[], bool]) -> Iterator[str]:
        """Look at the last line of each log: one request per second and pod with several runs."""
        for name, known in list(self._ended.items()):
            if stop():
                return
            try:
                ended = self._runs_ended(name)
            except (RuntimeUnavailable, Broken):
                self._ended.pop(name, None)  # a kubelet that doesn't respond holds up the others
                return
            if ended > known:
                self._ended[name] = ended
                yield self._attempts.get(name, name)

    def _runs_ended(self, name: str) -> int:
        answer = self._connection.get(
            f"/pods/{name}/log",
            accept="*/*",
            container=COLLECTOR,
            tailLines=1,
            expects=(HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST),
        )
        return runs_ended(answer.content) if answer.status == HTTPStatus.OK else 0

    def _was_under_way(self, name: str) -> bool:
        return self._phases.get(name) in (Phase.WAITING, Phase.RUNNING)
