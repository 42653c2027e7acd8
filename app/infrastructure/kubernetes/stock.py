"""The pods that were started ahead and are free, as one process sees them.

It watches them from the first question on, because a list takes as long as a claim.
"""

import logging
import random
import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

from app.domain.errors import PlaceTaken, RuntimeUnavailable
from app.infrastructure.kubernetes.ahead import UNCLAIMED, is_ready
from app.infrastructure.kubernetes.connection import Connection
from app.infrastructure.kubernetes.manifest import AHEAD, PODS

JsonObject = Mapping[str, Any]

_SECONDS_OF_ONE_WATCH: Final = 30
"""Then they are listed again, because watches can fail silently."""
_MOST_TAKEN: Final = 1_000

_log = logging.getLogger(__name__)


class Stock:
    """Thread-safe."""

    def __init__(self, api: Connection) -> None:
        self._api = api
        self._beginning = threading.Lock()
        self._begun = False
        self._lock = threading.Lock()
        self._pods: dict[str, JsonObject] = {}
        """Those that are ready, by name."""
        self._taken: OrderedDict[str, str] = OrderedDict()
        """By pod, the attempt that has tried to claim it."""

    def names(self, label: str) -> list[str]:
        """Return the free pods of a pool. Raises RuntimeUnavailable.

        In random order, so that creators don't meet at the same pod.
        """
        self._begin()
        with self._lock:
            names = [name for name, pod in self._pods.items() if _label(pod) == label]
        return random.sample(names, len(names))

    def take(self, name: str, attempt: str) -> JsonObject | None:
        """Return what is known of the pod. It is not offered any more.

        Raises PlaceTaken if another attempt has taken it here.
        """
        with self._lock:
            if self._taken.setdefault(name, attempt) != attempt:
                raise PlaceTaken(f"{name} is no longer free")
            while len(self._taken) > _MOST_TAKEN:
                self._taken.popitem(last=False)
            return self._pods.pop(name, None)

    def _begin(self) -> None:
        """List them before the first answer. Everything later comes from the watch."""
        with self._beginning:
            if not self._begun:
                version = self._list()
                threading.Thread(target=self._watch, args=[version], daemon=True).start()
                self._begun = True

    def _watch(self, version: str) -> None:
        """Until the API server does not respond. The next question begins again."""
        try:
            while True:
                self._follow(version)
                version = self._list()
        except RuntimeUnavailable as error:
            _log.info("pods that were started ahead are not watched: %s", error)
        finally:
            with self._beginning:
                self._begun = False

    def _list(self) -> str:
        """Return the version from which to watch."""
        found = self._api.get(PODS, labelSelector=UNCLAIMED).json()
        ready = {pod["metadata"]["name"]: pod for pod in found["items"] or [] if is_ready(pod)}
        with self._lock:
            self._pods = {name: pod for name, pod in ready.items() if name not in self._taken}
        version: str = found["metadata"]["resourceVersion"]
        return version

    def _follow(self, version: str) -> None:
        for event in self._api.watch(
            PODS,
            seconds=_SECONDS_OF_ONE_WATCH,
            labelSelector=UNCLAIMED,
            resourceVersion=version,
        ):
            if event["type"] == "DELETED":  # or claimed: then it has no such labels any more
                with self._lock:
                    self._pods.pop(event["object"]["metadata"]["name"], None)
            else:
                self._put(event["object"])

    def _put(self, pod: JsonObject) -> None:
        name = pod["metadata"]["name"]
        with self._lock:
            self._pods.pop(name, None)
            if name not in self._taken and is_ready(pod):
                self._pods[name] = pod


def _label(pod: JsonObject) -> str:
    label: str = pod["metadata"]["labels"][AHEAD]
    return label
