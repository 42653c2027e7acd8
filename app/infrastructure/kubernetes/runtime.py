"""The Runtime port on Kubernetes: a Pod and a ConfigMap per attempt, in a separate namespace."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final, TypeVar

from app.domain.artifact import SLICE_BYTES
from app.domain.errors import RunRefused, RuntimeUnavailable
from app.domain.language import HeldLimit, Language
from app.domain.pod import Pod
from app.domain.report import Frame, Observation, Output, Phase
from app.infrastructure.kubernetes import follow_up, limits, manifest
from app.infrastructure.kubernetes.collected import Files
from app.infrastructure.kubernetes.connection import METADATA_ONLY, Connection, NoAccess
from app.infrastructure.kubernetes.end_record import Broken
from app.infrastructure.kubernetes.follow_up import attempt_of
from app.infrastructure.kubernetes.images import Offer, Offers
from app.infrastructure.kubernetes.manifest import COLLECTOR, SELECTOR, PodOptions
from app.infrastructure.kubernetes.observation import (
    asks_for_files,
    ended,
    faulted,
    is_continued,
    is_ours,
    needs_log,
    now,
    observation_of,
    runs_of,
    without_pod,
)
from app.infrastructure.kubernetes.transcript import frames_after, parse_transcript
from app.infrastructure.kubernetes.watch import PodWatch

_CONFIG_MAPS: Final = "/configmaps"
_PODS: Final = "/pods"
_SECONDS_BETWEEN_LOOKS: Final = 0.1
_SECONDS_TO_END: Final = 8.0
"""Time for a kubelet to kill a deleted pod, which usually takes one or two seconds."""
_LOG_BYTES: Final = 16 * 1024 * 1024
"""Twice the size of the largest log."""
_LITTLE_OUTPUT: Final = 3 * 1024 * 1024
"""Bytes. With all the output of one more log, it stays below the 8 MiB of an answer."""
_LAST_LINES: Final = 32
"""A program that prints constantly adds two frames, one per stream, every 50 ms."""

_REFUSED: Final = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)

_T = TypeVar("_T")

log = logging.getLogger(__name__)


class _LastFiles(threading.local):
    """What a pod's program created, of the log that this thread read last.

    The contents are asked for piece by piece, and only the whole log has them.
    """

    pod: str = ""
    contents: Sequence[bytes] = ()

    def keep(self, pod: str, files: Files | None) -> None:
        self.pod, self.contents = pod, files.contents if files else ()

    def forget(self) -> None:
        self.keep("", None)


class KubernetesRuntime:
    """A thread-safe runtime. Connects on first use; `languages` and limits need no cluster."""

    def __init__(
        self,
        namespace: str,
        offers: Offers,
        options: PodOptions,
        kubeconfig: Path | None = None,
    ) -> None:
        self._api = Connection(namespace, kubeconfig)
        self._offers = offers
        self._options = options
        self._last = _LastFiles()

    def create(self, pod: Pod) -> None:
        offer = self._offers.of(pod)
        limits.refuse_impossible(pod, offer.spec, self._options.pod_pids_limit)
        parts = manifest.config_maps(pod, offer)
        if all(map(self._make_input, parts)):
            self._make_pod(pod, offer, len(parts))

    def observe(self, name: str, wait_seconds: float = 0) -> Observation | None:
        deadline = monotonic() + wait_seconds
        while True:
            pod = self._pod(name)
            if pod is None:
                return self._input_alone(name)
            observation = self._look(pod, logs=False)
            left = deadline - monotonic()
            if observation is None or observation.phase is not Phase.RUNNING or left <= 0:
                return self._look(pod, logs=True) if needs_log(pod) else observation
            sleep(min(left, _SECONDS_BETWEEN_LOOKS))

    def output(self, name: str, first_run: int = 0) -> Output | None:
        output, number = None, 0
        while output is None or output.beginning_with(first_run).size < _LITTLE_OUTPUT:
            pod = follow_up.name_of(name, number) if number else name
            log = self._read(pod, parse_transcript)
            if log is None or log.end is None or log.output is None:
                return None
            output = follow_up.joined_outputs(output, log.output) if output else log.output
            if not log.end.left:
                break
            number += 1
        return output.beginning_with(first_run)

    def artifact(self, name: str, index: int, start: int) -> bytes | None:
        if self._last.pod != name:
            log = self._read(name, parse_transcript)
            self._last.keep(name, log.files if log else None)
        contents = self._last.contents
        return contents[index][start : start + SLICE_BYTES] if index < len(contents) else None

    def follow(self, name: str, after: int) -> list[Frame]:
        """Read only the log's last lines if they are enough, which a kubelet finds quickly."""
        parse = partial(frames_after, after)
        last = self._read(name, parse, tailLines=_LAST_LINES) if after else None
        return last if last is not None else self._read(name, parse) or []

    def delete(self, name: str) -> None:
        self._last.forget()
        pods = self._delete_pods(name, grace_seconds=1)
        self._remove(_CONFIG_MAPS, name, accept=METADATA_ONLY)
        if _may_have_more(pods):
            self._remove(_CONFIG_MAPS, name, accept=METADATA_ONLY, following=True)
        if not pods:
            return
        for pod in pods:
            own_name = pod["metadata"]["name"]
            if not ended(pod) and not self._ends_soon(own_name):
                # Its node doesn't respond. If it still runs there, init enforces its wall time.
                log.warning("gave up pod %s: its node does not report that it has ended", own_name)
        self._delete_pods(name, grace_seconds=0)

    def _delete_pods(self, name: str, grace_seconds: int) -> list[Mapping[str, Any]]:
        """Delete the attempt's pods, and return them."""
        pods = self._remove(_PODS, name, grace_seconds=grace_seconds)
        if not _may_have_more(pods):
            return pods
        return pods + self._remove(_PODS, name, grace_seconds=grace_seconds, following=True)

    def list_pods(self) -> list[str]:
        """List all pods, and inputs without a pod, so that the sweep finds these too."""
        pods = self._names(_PODS, lambda metadata: "deletionTimestamp" not in metadata)
        inputs = self._names(_CONFIG_MAPS, lambda metadata: "ownerReferences" not in metadata)
        return sorted(pods | inputs)

    def watch(self, stop: Callable[[], bool]) -> Iterator[str]:
        return PodWatch(self._api).changes(stop)

    def languages(self) -> list[Language]:
        return self._offers.languages(self._options.pod_pids_limit)

    def limits_held(self) -> list[HeldLimit]:
        return list(limits.HELD)

    def release(self) -> None:
        """Each language's image has its own."""

    def ping(self) -> None:
        """Check the API server. Succeeds in a process without access to it, such as the API."""
        try:
            self._api.ready()
        except NoAccess:
            log.debug("not known, because there is no access to the cluster")

    def _make_input(self, part: Mapping[str, Any]) -> bool:
        """Create the ConfigMap unless it exists. Returns False if it isn't ours.

        `observe` then reports the fault. Raises RuntimeUnavailable while an earlier ConfigMap is
        being removed.
        """
        name = part["metadata"]["name"]
        answer = self._api.post(_CONFIG_MAPS, part, expects=_REFUSED)
        if answer.status in _REFUSED:
            raise RunRefused(answer.message)
        if answer.status != HTTPStatus.CONFLICT:
            return True
        there = self._metadata_of_input(name)
        if there is None or "deletionTimestamp" in there:
            raise RuntimeUnavailable(f"an earlier ConfigMap {name} is still being deleted")
        return is_ours(there)

    def _make_pod(self, pod: Pod, offer: Offer, parts: int) -> None:
        answer = self._api.post(
            _PODS,
            manifest.pod_manifest(pod, offer, self._options, parts),
            expects=(HTTPStatus.FORBIDDEN, *_REFUSED),
        )
        if answer.status in _REFUSED:
            raise RunRefused(answer.message)
        if answer.status == HTTPStatus.FORBIDDEN:
            # A quota is exhausted or an admission rule refuses it: wait until the start deadline.
            self._annotate_input(pod.name, manifest.held_up(answer.message))
            return
        made = self._pod(pod.name) if answer.status == HTTPStatus.CONFLICT else answer.json()
        if made is None or "deletionTimestamp" in made["metadata"]:
            raise RuntimeUnavailable(f"an earlier pod {pod.name} is still being deleted")
        if is_ours(made["metadata"]):
            for number in range(parts):
                name = manifest.part_name(pod.name, number)
                self._annotate_input(name, manifest.owned_by(made))

    def _annotate_input(self, name: str, patch: Mapping[str, Any]) -> None:
        """Patch the ConfigMap, which may have been removed with its pod in the meantime."""
        self._api.patch(f"{_CONFIG_MAPS}/{name}", patch, expects=(HTTPStatus.NOT_FOUND,))

    def _look(self, pod: Mapping[str, Any], *, logs: bool, number: int = 1) -> Observation | None:
        """Return what the pod says, with those that continue it, of which `number` is the next."""
        seen = observation_of(pod, now())
        if seen and logs:
            seen = self._with_log(pod, seen)
        if seen is None or not is_continued(pod, seen):
            return seen
        following = self._pod(follow_up.name_of(attempt_of(pod["metadata"]), number))
        following = following or self._continue(pod, number)
        return follow_up.joined(seen, self._look(following, logs=logs, number=number + 1))

    def _continue(self, pod: Mapping[str, Any], number: int) -> Mapping[str, Any]:
        seen = observation_of(pod, now())
        seen = self._with_log(pod, seen) if seen else None
        if seen is None or seen.report is None:
            raise RuntimeUnavailable("the log of a pod that has to be continued is not available")
        made = follow_up.follow_up(pod, number, seen.report)
        answer = self._api.post(_PODS, made, expects=(HTTPStatus.FORBIDDEN, *_REFUSED))
        if answer.status not in (HTTPStatus.CREATED, HTTPStatus.CONFLICT):
            raise RuntimeUnavailable(f"an attempt can't be continued: {answer.message}")
        return self._pod(made["metadata"]["name"]) or made

    def _with_log(self, pod: Mapping[str, Any], observation: Observation) -> Observation | None:
        """Read the log, if only that says how the runs ended that have."""
        if asks_for_files(pod):
            return self._with_files(pod, observation)
        if observation.report or runs_of(pod) == 1:
            return observation
        if observation.phase is Phase.RUNNING:
            try:
                log = self._read(observation.name, parse_transcript)
            except RuntimeUnavailable:  # of the node's kubelet; its pod runs on
                return observation
            return observation_of(pod, now(), log)
        if observation.phase is Phase.ENDED:
            log = self._read(observation.name, parse_transcript)
            if log is None or log.end is None or log.end.report is None:
                return faulted(observation.name, "its log, which has its report, is not complete")
            return observation_of(pod, now(), log)
        return observation

    def _with_files(self, pod: Mapping[str, Any], observation: Observation) -> Observation | None:
        """A program that did not start has none."""
        if observation.report is None or not observation.report.runs:
            return observation
        log = self._read(observation.name, parse_transcript)
        if log is None or log.files is None:
            return faulted(observation.name, "its log, which has its files, is not complete")
        self._last.keep(observation.name, log.files)
        return observation_of(pod, now(), log)

    def _input_alone(self, name: str) -> Observation | None:
        metadata = self._metadata_of_input(name)
        return without_pod(metadata) if metadata else None

    def _pod(self, name: str) -> Mapping[str, Any] | None:
        answer = self._api.get(f"{_PODS}/{name}", expects=(HTTPStatus.NOT_FOUND,))
        return None if answer.status == HTTPStatus.NOT_FOUND else answer.json()

    def _metadata_of_input(self, name: str) -> Mapping[str, Any] | None:
        found = self._api.get(
            _CONFIG_MAPS, accept=METADATA_ONLY, fieldSelector=f"metadata.name={name}"
        )
        items = found.json()["items"] or []
        return items[0]["metadata"] if items else None

    def _read(self, name: str, parse: Callable[[bytes], _T | None], **part: int) -> _T | None:
        """Read and parse the log. None before the containers start and after their removal."""
        answer = self._api.get(
            f"{_PODS}/{name}/log",
            accept="*/*",
            container=COLLECTOR,
            limitBytes=_LOG_BYTES,
            expects=(HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST),
            **part,
        )
        if answer.status != HTTPStatus.OK:
            return None
        try:
            return parse(answer.content)
        except Broken as error:
            log.warning("the log of pod %s is broken: %s", name, error)
            return None

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

    def _ends_soon(self, name: str) -> bool:
        deadline = monotonic() + _SECONDS_TO_END
        while monotonic() < deadline:
            pod = self._pod(name)
            if pod is None or ended(pod):
                return True
            sleep(_SECONDS_BETWEEN_LOOKS)
        return False

    def _names(self, path: str, wanted: Callable[[Mapping[str, Any]], bool]) -> set[str]:
        found = self._api.get(path, accept=METADATA_ONLY, labelSelector=SELECTOR).json()
        every = [item["metadata"] for item in found["items"] or []]
        return {attempt_of(metadata) for metadata in every if wanted(metadata)}


def _may_have_more(pods: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the attempt of these pods may have other objects under other names.

    An attempt with one run has none, and an attempt without a pod may have left anything.
    """
    return not pods or any(runs_of(pod) > 1 for pod in pods)
