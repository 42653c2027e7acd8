"""What became of the pods of all attempts, as a watcher has seen it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from app.domain.execution import owner_of_pod, pod_name
from app.infrastructure.kubernetes.ahead import is_unclaimed
from app.infrastructure.kubernetes.observation import attempt_of, held_up, is_unschedulable
from app.infrastructure.kubernetes.room import Standing

JsonObject: TypeAlias = Mapping[str, Any]

_WORST_FIRST: Final = (Standing.REFUSED, Standing.UNDECIDED, Standing.PLACED)


def standing_of(pod: JsonObject) -> Standing:
    """A pod that has a node holds its resources there until it is gone."""
    if pod.get("spec", {}).get("nodeName"):
        return Standing.PLACED
    return Standing.REFUSED if is_unschedulable(pod) else Standing.UNDECIDED


class Standings:
    """An attempt can have several pods; the one that waits for most decides."""

    def __init__(self) -> None:
        self._pods: dict[str, tuple[str, Standing]] = {}
        self._held_up: dict[str, str] = {}
        """The attempts of inputs that have no pod, by the name that their pod would have."""
        self._idle: set[str] = set()

    @property
    def idle(self) -> int:
        """How many pods that were started ahead have a node, and no attempt yet."""
        return len(self._idle)

    def put_all(self, pods: Iterable[JsonObject]) -> None:
        self._pods.clear()
        self._idle.clear()
        for pod in pods:
            self.put(pod)

    def put(self, pod: JsonObject) -> None:
        metadata = pod["metadata"]
        self._idle.discard(metadata["name"])
        if is_unclaimed(metadata):
            if standing_of(pod) is Standing.PLACED:
                self._idle.add(metadata["name"])
        elif attempt := _attempt(metadata):
            self._pods[metadata["name"]] = attempt, standing_of(pod)

    def remove(self, name: str) -> None:
        self._pods.pop(name, None)
        self._idle.discard(name)

    def put_inputs(self, every: Iterable[JsonObject]) -> None:
        """Take what the ConfigMaps say: for some, no pod could be made yet."""
        self._held_up = {
            metadata["name"]: attempt
            for metadata in every
            if held_up(metadata) and (attempt := _attempt(metadata))
        }

    def attempts(self) -> dict[str, Standing]:
        found: dict[str, Standing] = {}
        for attempt, standing in (*self._pods.values(), *self._without_pod()):
            found[attempt] = _worst(found.get(attempt, standing), standing)
        return found

    def _without_pod(self) -> Iterator[tuple[str, Standing]]:
        """Inputs are looked at less often than pods, so some may have one by now."""
        for name, attempt in self._held_up.items():
            if name not in self._pods:
                yield attempt, Standing.REFUSED


def _attempt(metadata: JsonObject) -> str | None:
    """Checkers and follow-ups belong to an attempt too. None for what isn't Podline's."""
    try:
        return pod_name(*owner_of_pod(attempt_of(metadata)))
    except ValueError:
        return None


def _worst(one: Standing, other: Standing) -> Standing:
    return min(one, other, key=_WORST_FIRST.index)
