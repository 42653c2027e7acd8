"""Claiming pods that were started ahead, and handing them their programs.

Whoever sets the label FOLLOWS of such a pod has it: the patch names the pod's resourceVersion, so
that of several the API server accepts one. The row of the attempt says which pod it is about to
claim, so an attempt never has two.
"""

import logging
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from time import time
from typing import Any, Final

from app.domain.errors import PlaceTaken, RuntimeUnavailable
from app.domain.place import STARTED_AHEAD
from app.domain.pod import Pod
from app.domain.report import Observation
from app.infrastructure.kubernetes import input, manifest
from app.infrastructure.kubernetes.ahead import EVICTABLE, Pool, is_ready
from app.infrastructure.kubernetes.attached import Attached
from app.infrastructure.kubernetes.connection import Connection
from app.infrastructure.kubernetes.handover import handover
from app.infrastructure.kubernetes.images import Offer
from app.infrastructure.kubernetes.manifest import COLLECTOR, END, FOLLOWS, PodOptions
from app.infrastructure.kubernetes.objects import Objects
from app.infrastructure.kubernetes.observation import early_observation
from app.infrastructure.kubernetes.stock import Stock
from app.infrastructure.kubernetes.transcript import parse_transcript

JsonObject = Mapping[str, Any]

_TRIES_TO_CLAIM: Final = 5
"""Other changes of the pod, such as its kubelet's, count too."""
_TRIES_TO_ATTACH: Final = 2
_MOST_ATTACHED: Final = 256

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Claimed:
    attached: Attached
    own_name: str
    """Of the Pod."""
    wants_files: bool
    waiting: int = 0
    """How many threads here wait for its end. If any does, nobody else needs to be told."""


class Claims:
    """The pods that this process has claimed. Thread-safe."""

    def __init__(
        self, api: Connection, objects: Objects, pools: Mapping[str, Pool], options: PodOptions
    ) -> None:
        self._api = api
        self._objects = objects
        self._pools = pools
        self._options = options
        self._stock = Stock(api)
        self._lock = threading.Lock()
        self._claimed: OrderedDict[str, _Claimed] = OrderedDict()
        """By attempt, the newest last."""

    def places(self, pod: Pod) -> list[str] | None:
        """As in the port."""
        pool = self._pools.get(pod.language)
        if pool is None or not pool.fits(pod):
            return None
        return [STARTED_AHEAD + name for name in self._stock.names(pool.label)]

    def claim(self, pod: Pod, offer: Offer, place: str) -> None:
        """Claim the Pod there and hand it its input, unless this was done. Raises PlaceTaken."""
        own_name = place.removeprefix(STARTED_AHEAD)
        there = self._stock.take(own_name, pod.name) or self._objects.pod(own_name)
        parts = manifest.config_maps(pod, offer) if len(pod.runs) > 1 else []
        there, is_new = self._claim(pod, there, len(parts), self._seconds(pod, offer))
        if is_new or not self._objects.log(own_name, bool):
            self._keep_input(parts, there)
            self._hand_over(pod, offer, there)

    def observation(self, attempt: str, wait_seconds: float) -> Observation | None:
        """Return how the attempt ended if its collector has said so. None if others may know."""
        claimed = self._claimed.get(attempt)
        if claimed is None or not self._has_ended(claimed, wait_seconds):
            return None
        end, log = claimed.attached.end, claimed.attached.log
        if end is None or (log is None and claimed.wants_files):
            return None
        return early_observation(attempt, end, parse_transcript(log) if log else None)

    def _has_ended(self, claimed: _Claimed, wait_seconds: float) -> bool:
        """Wait for it. Whoever looks last sees an end of which nobody else is told."""
        with self._lock:
            claimed.waiting += 1
        claimed.attached.wait(wait_seconds)
        with self._lock:
            claimed.waiting -= 1
        return claimed.attached.wait(0)

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
        self, pod: Pod, there: JsonObject | None, parts: int, seconds: int
    ) -> tuple[JsonObject, bool]:
        """Return the Pod, and whether the attempt had not claimed it before.

        If it had, its log says whether it has its input, or why it never will.
        """
        for _ in range(_TRIES_TO_CLAIM):
            if there is not None and _owner(there) == pod.name:
                return there, False
            if there is None or not is_ready(there) or _owner(there):
                raise PlaceTaken("it is no longer free")
            answer = self._api.patch(
                f"{manifest.PODS}/{there['metadata']['name']}",
                _claim(there, pod, parts, seconds),
                expects=(HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND),
            )
            if answer.status == HTTPStatus.OK:
                return answer.json(), True
            there = self._objects.pod(there["metadata"]["name"])
        raise PlaceTaken("it changes all the time")

    def _seconds(self, pod: Pod, offer: Offer) -> int:
        return manifest.active_deadline(pod, offer, self._options)

    def _hand_over(self, pod: Pod, offer: Offer, there: JsonObject) -> None:
        """Raises RuntimeUnavailable. Then the pod ends, or this is tried again."""
        own_name = there["metadata"]["name"]
        self._objects.remember(pod.name, own_name)
        attached = self._attach(own_name)
        try:
            attached.hand_over(handover(input.stages(pod, offer.spec)))
        except RuntimeUnavailable:
            # If only the connection was lost, the cluster reports the end.
            if not self._objects.log(own_name, bool):
                raise
            return
        claimed = _Claimed(attached, own_name, bool(pod.artifacts))
        with self._lock:
            self._claimed[pod.name] = claimed
            while len(self._claimed) > _MOST_ATTACHED:
                self._claimed.popitem(last=False)
        attached.follow(there["spec"]["activeDeadlineSeconds"], lambda: self._tell(claimed))

    def _keep_input(self, parts: Iterable[JsonObject], there: JsonObject) -> None:
        """Make the ConfigMaps of several runs, which may need pods that continue this one."""
        for part in parts:
            if not self._objects.make_input(manifest.owned(part, there)):
                raise RuntimeUnavailable(f"there is another {part['metadata']['name']}")

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
        with self._lock:
            if claimed.waiting or claimed.attached.end is None:
                return
        patch = {"metadata": {"annotations": {END: claimed.attached.end}}}
        try:
            path = f"{manifest.PODS}/{claimed.own_name}"
            self._api.patch(path, patch, expects=(HTTPStatus.NOT_FOUND,))
        except RuntimeUnavailable as error:
            _log.warning("the cluster will report the end of a pod later: %s", error)


def _owner(pod: JsonObject) -> str | None:
    owner: str | None = pod["metadata"]["labels"].get(FOLLOWS)
    return owner


def _claim(there: JsonObject, pod: Pod, parts: int, seconds: int) -> dict[str, Any]:
    """Return the patch. The deadline counts from the start of the Pod."""
    started = datetime.fromisoformat(there["status"]["startTime"]).timestamp()
    return {
        "metadata": {
            "resourceVersion": there["metadata"]["resourceVersion"],
            "labels": {FOLLOWS: pod.name},
            "annotations": {**manifest.annotations(pod, parts), EVICTABLE: None},
        },
        "spec": {"activeDeadlineSeconds": max(0, int(time() - started)) + seconds},
    }
