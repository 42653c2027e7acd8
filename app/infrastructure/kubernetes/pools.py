"""Keeping pods started ahead: as many as the settings say, and only while there is room."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from time import monotonic, time
from typing import Any, Final

from app.domain.report import Phase
from app.infrastructure.clock import now
from app.infrastructure.kubernetes import manifest
from app.infrastructure.kubernetes.ahead import UNCLAIMED, AheadOptions, Pool, is_unclaimed
from app.infrastructure.kubernetes.connection import METADATA_ONLY, Connection
from app.infrastructure.kubernetes.manifest import AHEAD, PODS, SELECTOR, PodOptions
from app.infrastructure.kubernetes.observation import held_up, is_unschedulable, observation_of

JsonObject = Mapping[str, Any]

HOLD_SECONDS: Final = 60.0
"""No pod is started ahead for this long after there was no room for one."""
_STARTING_AT_ONCE: Final = 2
_PARTS: Final = 4
"""A pool starts two pods at once, or a quarter of its size, because each takes a second of CPU. New
pods of attempts count, too: whoever waits for them comes first.
"""

_log = logging.getLogger(__name__)


class Pools:
    """What one process knows. One process at a time keeps the pools, which the sweep sees to."""

    def __init__(
        self,
        api: Connection,
        pools: Iterable[Pool],
        pods: PodOptions,
        options: AheadOptions,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._api = api
        self._pools = {pool.label: pool for pool in pools}
        self._pods = pods
        self._options = options
        self._clock = clock
        self._hold_until = 0.0

    def tend(self) -> None:
        """Remove what can't be used any more, give way to attempts that wait, and refill.

        Raises RuntimeUnavailable.
        """
        there = self._api.get(PODS, labelSelector=UNCLAIMED).json()["items"] or []
        kept = [pod for pod in there if not self._remove_useless(pod)]
        if not kept and not any(pool.size for pool in self._pools.values()):
            return
        kept = self._remove_surplus(kept)
        starting = self._attempts_starting()
        kept = self._give_way(kept, starting)
        self._replace_one(kept)
        if self._clock() >= self._hold_until:
            self._refill(kept, len(starting))

    def _remove_useless(self, pod: JsonObject) -> bool:
        """Remove a pod that no attempt will claim."""
        if "deletionTimestamp" in pod["metadata"]:
            return True
        seen = observation_of(pod, now())
        if is_unschedulable(pod):
            self._hold("there is no node with room for it")
        elif _label(pod) in self._pools and seen and seen.phase in (Phase.WAITING, Phase.RUNNING):
            return False
        elif seen and seen.phase is Phase.FAULTED:
            _log.warning("a pod that was started ahead failed: %s", seen.message)
        self._remove(pod)
        return True

    def _remove_surplus(self, pods: Sequence[JsonObject]) -> list[JsonObject]:
        kept: list[JsonObject] = []
        counts: Counter[str] = Counter()
        for pod in sorted(pods, key=_is_waiting):
            if counts[_label(pod)] < self._pools[_label(pod)].size:
                counts[_label(pod)] += 1
                kept.append(pod)
            else:
                self._remove(pod)
        return kept

    def _attempts_starting(self) -> list[JsonObject]:
        """Return the new pods of attempts that don't run yet."""
        pending = self._api.get(
            PODS, labelSelector=SELECTOR, fieldSelector="status.phase=Pending"
        ).json()
        return [pod for pod in pending["items"] or [] if not is_unclaimed(pod["metadata"])]

    def _give_way(self, pods: list[JsonObject], starting: Sequence[JsonObject]) -> list[JsonObject]:
        """Remove one for each attempt that waits for room, those first that aren't ready yet."""
        if not pods or not (waiting := self._attempts_without_room(starting)):
            return pods
        self._hold(f"{waiting} attempts wait for room")
        pods = sorted(pods, key=_is_waiting)
        for pod in pods[-waiting:]:
            self._remove(pod)
        return pods[:-waiting]

    def _attempts_without_room(self, starting: Sequence[JsonObject]) -> int:
        inputs = self._api.get(
            manifest.CONFIG_MAPS, accept=METADATA_ONLY, labelSelector=SELECTOR
        ).json()
        refused = [each for each in inputs["items"] or [] if held_up(each["metadata"])]
        return sum(map(is_unschedulable, starting)) + len(refused)

    def _replace_one(self, pods: list[JsonObject]) -> None:
        """Remove the oldest pod of a full pool if it is too old; then it is refilled."""
        counts = Counter(_label(pod) for pod in pods if not _is_waiting(pod))
        old = [
            pod
            for pod in pods
            if _age(pod) > self._options.max_age_seconds
            and counts[_label(pod)] == self._pools[_label(pod)].size
        ]
        if old:
            oldest = max(old, key=_age)
            self._remove(oldest)
            pods.remove(oldest)

    def _refill(self, pods: Sequence[JsonObject], starting: int) -> None:
        """Start some of what is missing, fewer by the pods of attempts that are `starting`."""
        total, waiting = Counter(map(_label, pods)), Counter(map(_label, filter(_is_waiting, pods)))
        for label, pool in self._pools.items():
            at_once = max(_STARTING_AT_ONCE, pool.size // _PARTS)
            for _ in range(min(at_once - waiting[label] - starting, pool.size - total[label])):
                if not self._start(pool):
                    return

    def _start(self, pool: Pool) -> bool:
        answer = self._api.post(
            PODS, pool.new_pod(self._pods), expects=(HTTPStatus.FORBIDDEN, *_REFUSED)
        )
        if answer.status == HTTPStatus.CREATED:
            return True
        self._hold(answer.message)
        return False

    def _hold(self, why: str) -> None:
        if self._clock() >= self._hold_until:
            _log.warning("no pods are started ahead for %d s: %s", HOLD_SECONDS, why)
        self._hold_until = self._clock() + HOLD_SECONDS

    def _remove(self, pod: JsonObject) -> None:
        """Delete it unless an attempt has claimed it in the meantime."""
        metadata = pod["metadata"]
        conditions = {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}
        self._api.delete(
            f"{PODS}/{metadata['name']}",
            {"gracePeriodSeconds": 1, "preconditions": conditions},
            expects=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
        )


_REFUSED: Final = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)


def _label(pod: JsonObject) -> str:
    label: str = pod["metadata"]["labels"][AHEAD]
    return label


def _is_waiting(pod: JsonObject) -> bool:
    seen = observation_of(pod, now())
    return seen is None or seen.phase is Phase.WAITING


def _age(pod: JsonObject) -> float:
    """Seconds since it was created."""
    return time() - datetime.fromisoformat(pod["metadata"]["creationTimestamp"]).timestamp()
