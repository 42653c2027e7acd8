"""The objects of attempts in a namespace: Pods, their ConfigMaps and their logs.

Every call is safe to repeat, and leaves alone what isn't ours. All raise RuntimeUnavailable.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from time import monotonic, sleep
from typing import Any, Final, TypeVar

from app.domain.errors import RunRefused, RuntimeUnavailable
from app.infrastructure.kubernetes import manifest
from app.infrastructure.kubernetes.ahead import is_unclaimed
from app.infrastructure.kubernetes.connection import METADATA_ONLY, Answer, Connection
from app.infrastructure.kubernetes.end_record import Broken
from app.infrastructure.kubernetes.manifest import (
    AHEAD,
    COLLECTOR,
    CONFIG_MAPS,
    FOLLOWS,
    PODS,
    SELECTOR,
)
from app.infrastructure.kubernetes.observation import attempt_of, ended, is_ours, runs_of

_SECONDS_TO_END: Final = 8.0
"""Time for a kubelet to kill a deleted pod, which usually takes one or two seconds."""
_LOG_BYTES: Final = 16 * 1024 * 1024
"""Twice the size of the largest log."""
_SECONDS_BETWEEN_LOOKS: Final = 0.1
_REFUSED: Final = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)

_MOST_NAMES: Final = 1_000

_T = TypeVar("_T")

_log = logging.getLogger(__name__)


class Objects:
    """Uses one connection, and is as thread-safe as that."""

    def __init__(self, api: Connection) -> None:
        self._api = api
        self._names_ahead: dict[str, str] = {}
        """By attempt, what is known of Pods that were started ahead."""

    def remember(self, attempt: str, name: str) -> None:
        """Keep the name of the Pod that has become an attempt's, which saves looking for it."""
        if len(self._names_ahead) >= _MOST_NAMES:
            self._names_ahead.clear()
        self._names_ahead[attempt] = name

    def make_input(self, part: Mapping[str, Any]) -> bool:
        """Create the ConfigMap unless it exists. Returns False if it isn't ours.

        `observe` then reports the fault. Raises RunRefused, and RuntimeUnavailable while an earlier
        ConfigMap is being removed.
        """
        name = part["metadata"]["name"]
        answer = self._api.post(CONFIG_MAPS, part, expects=_REFUSED)
        if answer.status in _REFUSED:
            raise RunRefused(answer.message)
        if answer.status != HTTPStatus.CONFLICT:
            return True
        there = self.metadata_of_input(name)
        if there is None or "deletionTimestamp" in there:
            raise RuntimeUnavailable(f"an earlier ConfigMap {name} is still being deleted")
        return is_ours(there)

    def make_pod(self, name: str, wanted: Mapping[str, Any], parts: int) -> None:
        """Create the Pod unless it exists, and make it the owner of its input.

        Raises RunRefused if it can never exist, and RuntimeUnavailable while an earlier one is
        being removed.
        """
        answer = self._api.post(PODS, wanted, expects=(HTTPStatus.FORBIDDEN, *_REFUSED))
        if answer.status in _REFUSED:
            raise RunRefused(answer.message)
        if answer.status == HTTPStatus.FORBIDDEN:
            # A quota is exhausted or an admission rule refuses it: wait until the start deadline.
            self._annotate_input(name, manifest.held_up(answer.message))
            return
        made = self.pod(name) if answer.status == HTTPStatus.CONFLICT else answer.json()
        if made is None or "deletionTimestamp" in made["metadata"]:
            raise RuntimeUnavailable(f"an earlier pod {name} is still being deleted")
        if is_ours(made["metadata"]):
            for number in range(parts):
                part = manifest.part_name(name, number)
                self._annotate_input(part, manifest.owned_by(made))

    def make_follow_up(self, wanted: Mapping[str, Any]) -> Mapping[str, Any]:
        """Create a Pod that continues an attempt, unless it exists. Raises RuntimeUnavailable."""
        answer = self._api.post(PODS, wanted, expects=(HTTPStatus.FORBIDDEN, *_REFUSED))
        if answer.status not in (HTTPStatus.CREATED, HTTPStatus.CONFLICT):
            raise RuntimeUnavailable(f"an attempt can't be continued: {answer.message}")
        return self.pod(wanted["metadata"]["name"]) or wanted

    def pod(self, name: str) -> Mapping[str, Any] | None:
        """Return the Pod with that name, or the one started ahead that has become the attempt's.

        None if there is neither.
        """
        path = f"{PODS}/{self._names_ahead.get(name, name)}"
        answer = self._api.get(path, expects=(HTTPStatus.NOT_FOUND,))
        return answer.json() if answer.status != HTTPStatus.NOT_FOUND else self._claimed(name)

    def _claimed(self, attempt: str) -> Mapping[str, Any] | None:
        selector = f"{SELECTOR},{AHEAD},{FOLLOWS}={attempt}"
        found = self._api.get(PODS, labelSelector=selector, expects=(HTTPStatus.NOT_FOUND,))
        for pod in found.json().get("items") or []:
            self.remember(attempt, pod["metadata"]["name"])
            return {"apiVersion": "v1", "kind": "Pod", **pod}
        return None

    def metadata_of_input(self, name: str) -> Mapping[str, Any] | None:
        """Return what the first ConfigMap says about itself, or None if there is none."""
        found = self._api.get(
            CONFIG_MAPS, accept=METADATA_ONLY, fieldSelector=f"metadata.name={name}"
        )
        items = found.json()["items"] or []
        return items[0]["metadata"] if items else None

    def log(self, name: str, parse: Callable[[bytes], _T | None], **part: int) -> _T | None:
        """Read and parse the log. None before the containers start and after their removal."""
        answer = self._read_log(self._names_ahead.get(name, name), part)
        if answer.status == HTTPStatus.NOT_FOUND and (pod := self._claimed(name)):
            answer = self._read_log(pod["metadata"]["name"], part)
        if answer.status != HTTPStatus.OK:
            return None
        try:
            return parse(answer.content)
        except Broken as error:
            _log.warning("the log of pod %s is broken: %s", name, error)
            return None

    def _read_log(self, name: str, part: Mapping[str, int]) -> Answer:
        return self._api.get(
            f"{PODS}/{name}/log",
            accept="*/*",
            container=COLLECTOR,
            limitBytes=_LOG_BYTES,
            expects=(HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST),
            **part,
        )

    def attempts(self) -> set[str]:
        """The names of all attempts that have a pod, or input without a pod."""
        pods = self._names(PODS, _is_an_attempts)
        inputs = self._names(CONFIG_MAPS, lambda metadata: "ownerReferences" not in metadata)
        return pods | inputs

    def delete_pods(self, name: str, grace_seconds: int) -> list[Mapping[str, Any]]:
        """Delete the attempt's pods, and return them as they were."""
        pods = self._remove(PODS, name, grace_seconds=grace_seconds)
        if not _may_have_more(pods):
            return pods
        return pods + self._remove(PODS, name, grace_seconds=grace_seconds, following=True)

    def delete_inputs(self, name: str, pods: Sequence[Mapping[str, Any]]) -> None:
        """Delete the ConfigMaps of the attempt, which had these pods."""
        self._remove(CONFIG_MAPS, name, accept=METADATA_ONLY)
        if _may_have_more(pods):
            self._remove(CONFIG_MAPS, name, accept=METADATA_ONLY, following=True)

    def ends_soon(self, name: str) -> bool:
        """Wait for a kubelet to report that the pod has ended. Returns False if it doesn't."""
        deadline = monotonic() + _SECONDS_TO_END
        while monotonic() < deadline:
            pod = self.pod(name)
            if pod is None or ended(pod):
                return True
            sleep(_SECONDS_BETWEEN_LOOKS)
        return False

    def _annotate_input(self, name: str, patch: Mapping[str, Any]) -> None:
        """Patch the ConfigMap, which may have been removed with its pod in the meantime."""
        self._api.patch(f"{CONFIG_MAPS}/{name}", patch, expects=(HTTPStatus.NOT_FOUND,))

    def _remove(
        self,
        path: str,
        name: str,
        *,
        grace_seconds: int | None = None,
        accept: str = "application/json",
        following: bool = False,
    ) -> list[Mapping[str, Any]]:
        """Delete the objects with that name, or following that pod, and return them.

        Leaves alone what isn't ours.
        """
        options = {} if grace_seconds is None else {"gracePeriodSeconds": grace_seconds}
        query = {"labelSelector": SELECTOR, "fieldSelector": f"metadata.name={name}"}
        if following:
            query = {"labelSelector": f"{SELECTOR},{manifest.FOLLOWS}={name}"}
        answer = self._api.delete_all(path, options, accept=accept, **query)
        return list(answer.json()["items"] or [])

    def _names(self, path: str, wanted: Callable[[Mapping[str, Any]], bool]) -> set[str]:
        found = self._api.get(path, accept=METADATA_ONLY, labelSelector=SELECTOR).json()
        every = [item["metadata"] for item in found["items"] or []]
        return {attempt_of(metadata) for metadata in every if wanted(metadata)}


def _is_an_attempts(metadata: Mapping[str, Any]) -> bool:
    return "deletionTimestamp" not in metadata and not is_unclaimed(metadata)


def _may_have_more(pods: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the attempt of these pods may have other objects under other names.

    An attempt with one run has none, and an attempt without a pod may have left anything.
    """
    return not pods or any(runs_of(pod) > 1 for pod in pods)
