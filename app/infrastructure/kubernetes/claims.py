"""Claiming pods that were started ahead, and handing them their programs.

Whoever sets the label FOLLOWS of such a pod has it: the patch names the pod's resourceVersion, so
that of several the API server accepts one. The row of the attempt says which pod it is about to
claim, so an attempt never has two.
"""

import logging
import random
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from time import monotonic, time
from typing import Any, Final

from app.domain.errors import PlaceTaken, RuntimeUnavailable
from app.domain.place import STARTED_AHEAD
from app.domain.pod import Pod
from app.domain.report import Observation, Phase
from app.infrastructure.kubernetes import input, manifest
from app.infrastructure.kubernetes.ahead import UNCLAIMED, Pool, is_ahead
from app.infrastructure.kubernetes.attached import Attached
from app.infrastructure.kubernetes.connection import Connection
from app.infrastructure.kubernetes.handover import handover
from app.infrastructure.kubernetes.images import Offer
from app.infrastructure.kubernetes.manifest import AHEAD, COLLECTOR, END, FOLLOWS, MAIN, PodOptions
from app.infrastructure.kubernetes.objects import Objects
from app.infrastructure.kubernetes.observation import early_observation, now, observation_of
from app.infrastructure.kubernetes.transcript import parse_transcript

JsonObject = Mapping[str, Any]

_TRIES_TO_CLAIM: Final = 5
"""Other changes of the pod, such as its kubelet's, count too."""
_TRIES_TO_ATTACH: Final = 2
_FRESH_SECONDS: Final = 0.5
_MOST_ATTACHED: Final = 256

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Claimed:
    attached: Attached
    own_name: str
    """Of the Pod."""
    wants_files: bool
    is_known: bool = False
    """Whether somebody here has seen its end, so that nobody else needs to be told."""


class Claims:
    """The pods that this process has claimed. Thread-safe."""

    def __init__(
        self, api: Connection, objects: Objects, pools: Mapping[str, Pool], options: PodOptions
    ) -> None:
        self._api = api
        self._objects = objects
        self._pools = pools
        self._options = options
        self._lock = threading.Lock()
        self._listing = threading.Lock()
        self._free: dict[str, tuple[float, dict[str, JsonObject]]] = {}
        """When they were listed, and the pods that were free, by name, of each pool's label."""
        self._claimed: OrderedDict[str, _Claimed] = OrderedDict()
        """By attempt, the newest last."""

    def places(self, pod: Pod) -> list[str] | None:
        """As in the port. In random order, so that creators don't meet at the same pod."""
        pool = self._pools.get(pod.language)
        if pool is None or not pool.fits(pod):
            return None
        with self._listing:
            names = list(self._free_pods(pool.label))
        return [STARTED_AHEAD + name for name in random.sample(names, len(names))]

    def _free_pods(self, label: str) -> Mapping[str, JsonObject]:
        """Many creators at once ask the API server once."""
        listed_at, free = self._free.get(label, (0.0, {}))
        if monotonic() - listed_at > _FRESH_SECONDS:
            selector = f"{UNCLAIMED},{AHEAD}={label}"
            found = self._api.get(manifest.PODS, labelSelector=selector).json()["items"] or []
            free = {each["metadata"]["name"]: each for each in found if is_ready(each)}
            self._free[label] = monotonic(), free
        return free

    def _known(self, own_name: str) -> JsonObject | None:
        """Return a Pod that was free lately, which is not offered here any more."""
        with self._listing:
            for _, free in self._free.values():
                if own_name in free:
                    return free.pop(own_name)
        return None

    def claim(self, pod: Pod, offer: Offer, place: str) -> None:
        """Claim the Pod there and hand it its input, unless this was done. Raises PlaceTaken."""
        own_name = place.removeprefix(STARTED_AHEAD)
        known = self._known(own_name) or self._objects.pod(own_name)
        there, is_new = self._claim(pod, offer, own_name, known)
        if is_new or not self._objects.log(own_name, bool):
            self._hand_over(pod, offer, there)

    def observation(self, attempt: str, wait_seconds: float) -> Observation | None:
        """Return how the attempt ended if its collector has said so. None if others may know."""
        claimed = self._claimed.get(attempt)
        if claimed is None or not claimed.attached.wait(wait_seconds):
            return None
        end, log = claimed.attached.end, claimed.attached.log
        if end is None or (log is None and claimed.wants_files):
            return None
        claimed.is_known = True
        return early_observation(attempt, end, parse_transcript(log) if log else None)

    def log(self, attempt: str) -> bytes | None:
        """Return the whole log of a pod that has ended, if it is here."""
        claimed = self._claimed.get(attempt)
        return claimed.attached.log if claimed else None

    def forget(self, attempt: str) -> None:
        with self._lock:
            claimed = self._claimed.pop(attempt, None)
        if claimed:
            claimed.attached.close()

    def _claim(
        self, pod: Pod, offer: Offer, own_name: str, there: JsonObject | None
    ) -> tuple[JsonObject, bool]:
        """Return the Pod, and whether the attempt had not claimed it before.

        If it had, its log says whether it has its input, or why it never will.
        """
        for _ in range(_TRIES_TO_CLAIM):
            if there is not None and _owner(there) == pod.name:
                return there, False
            if there is None or not is_ready(there) or _owner(there):
                raise PlaceTaken(f"{own_name} is no longer free")
            seconds = manifest.active_deadline(pod, offer, self._options)
            answer = self._api.patch(
                f"{manifest.PODS}/{own_name}",
                _claim(there, pod, seconds),
                expects=(HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND),
            )
            if answer.status == HTTPStatus.OK:
                return answer.json(), True
            there = self._objects.pod(own_name)
        raise PlaceTaken(f"{own_name} changes all the time")

    def _hand_over(self, pod: Pod, offer: Offer, there: JsonObject) -> None:
        """Raises RuntimeUnavailable. Then the pod ends, or this is tried again."""
        own_name = there["metadata"]["name"]
        self._objects.remember(pod.name, own_name)
        attached = self._attach(own_name)
        attached.hand_over(handover(input.stages(pod, offer.spec, _memory_mib(there))))
        claimed = _Claimed(attached, own_name, bool(pod.artifacts))
        with self._lock:
            self._claimed[pod.name] = claimed
            while len(self._claimed) > _MOST_ATTACHED:
                self._claimed.popitem(last=False)
        attached.follow(there["spec"]["activeDeadlineSeconds"], lambda: self._tell(claimed))

    def _attach(self, own_name: str) -> Attached:
        for left in reversed(range(_TRIES_TO_ATTACH)):
            try:
                return Attached(self._api.attach(own_name, COLLECTOR))
            except RuntimeUnavailable:
                if not left:
                    raise
        raise AssertionError

    def _tell(self, claimed: _Claimed) -> None:
        """Tell whoever watches, in whatever process, unless somebody waits for it here."""
        if claimed.is_known or claimed.attached.end is None:
            return
        patch = {"metadata": {"annotations": {END: claimed.attached.end}}}
        try:
            path = f"{manifest.PODS}/{claimed.own_name}"
            self._api.patch(path, patch, expects=(HTTPStatus.NOT_FOUND,))
        except RuntimeUnavailable as error:
            _log.warning("the cluster will report the end of a pod later: %s", error)


def is_ready(pod: JsonObject) -> bool:
    """Whether it was started ahead, and both its containers run."""
    seen = observation_of(pod, now())
    return is_ahead(pod["metadata"]) and seen is not None and seen.phase is Phase.RUNNING


def _owner(pod: JsonObject) -> str | None:
    owner: str | None = pod["metadata"]["labels"].get(FOLLOWS)
    return owner


def _claim(there: JsonObject, pod: Pod, seconds: int) -> dict[str, Any]:
    """Return the patch. The deadline counts from the start of the Pod."""
    started = datetime.fromisoformat(there["status"]["startTime"]).timestamp()
    return {
        "metadata": {
            "resourceVersion": there["metadata"]["resourceVersion"],
            "labels": {FOLLOWS: pod.name},
            "annotations": manifest.annotations(pod),
        },
        "spec": {"activeDeadlineSeconds": max(0, int(time() - started)) + seconds},
    }


def _memory_mib(pod: JsonObject) -> int:
    """Return the memory of main's container, which a change of the settings may have changed."""
    (main,) = (each for each in pod["spec"]["containers"] if each["name"] == MAIN)
    return int(main["resources"]["limits"]["memory"].removesuffix("Mi"))
