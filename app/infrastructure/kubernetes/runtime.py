"""The Runtime port on Kubernetes: a Pod and a ConfigMap per attempt, in a separate namespace."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final

from app.domain.artifact import SLICE_BYTES
from app.domain.errors import RuntimeUnavailable
from app.domain.language import HeldLimit, Language
from app.domain.place import StartedAhead
from app.domain.pod import Pod
from app.domain.report import Frame, Observation, Output, Phase
from app.infrastructure.clock import now
from app.infrastructure.kubernetes import follow_up, limits, manifest
from app.infrastructure.kubernetes.ahead import NOTHING_AHEAD, AheadOptions, Pool
from app.infrastructure.kubernetes.claims import Claims
from app.infrastructure.kubernetes.collected import Files
from app.infrastructure.kubernetes.connection import Connection, NoAccess
from app.infrastructure.kubernetes.idle import Idle
from app.infrastructure.kubernetes.images import Offer, Offers
from app.infrastructure.kubernetes.manifest import PodOptions
from app.infrastructure.kubernetes.objects import Objects
from app.infrastructure.kubernetes.observation import (
    asks_for_files,
    attempt_of,
    ended,
    faulted,
    is_continued,
    needs_log,
    observation_of,
    runs_of,
    without_pod,
)
from app.infrastructure.kubernetes.pools import Pools
from app.infrastructure.kubernetes.room import Room
from app.infrastructure.kubernetes.transcript import frames_after, parse_transcript
from app.infrastructure.kubernetes.watch import PodWatch

_SECONDS_BETWEEN_LOOKS: Final = 0.1
_LITTLE_OUTPUT: Final = 3 * 1024 * 1024
"""Bytes. With all the output of one more log, it stays below the 8 MiB of an answer."""
_LAST_LINES: Final = 32
"""A program that prints constantly adds two frames, one per stream, every 50 ms."""

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
        ahead: AheadOptions = NOTHING_AHEAD,
    ) -> None:
        self._api = Connection(namespace, kubeconfig)
        self._objects = Objects(self._api)
        self._offers = offers
        self._options = options
        self._last = _LastFiles()
        self._room = Room()
        self._idle = Idle()
        self._by_language = {
            name: Pool.of(offer, options, ahead)
            for name, offer in offers.every.items()
            if ahead.sizes.get(name)
        }
        self._pools = Pools(self._api, self._by_language.values(), options, ahead)
        self._claims = Claims(self._api, self._objects, self._by_language, options)

    def started_ahead(self, pod: Pod) -> Sequence[str] | None:
        self._refuse_impossible(pod)
        return self._claims.places(pod)

    def claim(self, pod: Pod, place: str) -> None:
        self._claims.claim(pod, self._refuse_impossible(pod), place)

    def _refuse_impossible(self, pod: Pod) -> Offer:
        offer = self._offers.of(pod)
        limits.refuse_impossible(pod, offer.spec, self._options.pod_pids_limit)
        return offer

    def create(self, pod: Pod) -> None:
        offer = self._refuse_impossible(pod)
        parts = manifest.config_maps(pod, offer)
        if all(map(self._objects.make_input, parts)):
            wanted = manifest.pod_manifest(pod, offer, self._options, len(parts))
            self._objects.make_pod(pod.name, wanted, len(parts))

    def observe(self, name: str, wait_seconds: float = 0) -> Observation | None:
        deadline = monotonic() + wait_seconds
        if early := self._claims.observation(name, wait_seconds):
            return early
        while True:
            pod = self._objects.pod(name)
            if pod is None:
                return self._input_alone(name)
            observation = self._look(pod, logs=False)
            left = deadline - monotonic()
            if observation is None or observation.phase is not Phase.RUNNING or left <= 0:
                return self._look(pod, logs=True) if needs_log(pod) else observation
            sleep(min(left, _SECONDS_BETWEEN_LOOKS))

    def output(self, name: str, first_run: int = 0) -> Output | None:
        if whole := self._claims.log(name):
            first = parse_transcript(whole)
            if first.output and first.end and not first.end.left:
                return first.output.beginning_with(first_run)
        output, number = None, 0
        while output is None or output.beginning_with(first_run).size < _LITTLE_OUTPUT:
            pod = follow_up.name_of(name, number) if number else name
            log = self._objects.log(pod, parse_transcript)
            if log is None or log.end is None or log.output is None:
                return None
            output = follow_up.joined_outputs(output, log.output) if output else log.output
            if not log.end.left:
                break
            number += 1
        return output.beginning_with(first_run)

    def artifact(self, name: str, index: int, start: int) -> bytes | None:
        if self._last.pod != name:
            whole = self._claims.log(name)
            log = parse_transcript(whole) if whole else self._objects.log(name, parse_transcript)
            self._last.keep(name, log.files if log else None)
        contents = self._last.contents
        return contents[index][start : start + SLICE_BYTES] if index < len(contents) else None

    def follow(self, name: str, after: int) -> list[Frame]:
        """Read only the log's last lines if they are enough, which a kubelet finds quickly."""
        parse = partial(frames_after, after)
        last = self._objects.log(name, parse, tailLines=_LAST_LINES) if after else None
        return last if last is not None else self._objects.log(name, parse) or []

    def delete(self, name: str) -> None:
        self._last.forget()
        self._claims.forget(name)
        pods = self._objects.delete_pods(name, grace_seconds=1)
        self._objects.delete_inputs(name, pods)
        if not pods:
            return
        for pod in pods:
            own_name = pod["metadata"]["name"]
            if not ended(pod) and not self._objects.ends_soon(own_name):
                # Its node doesn't respond. If it still runs there, init enforces its wall time.
                log.warning("gave up pod %s: its node does not report that it has ended", own_name)
        self._objects.delete_pods(name, grace_seconds=0)

    def list_pods(self) -> list[str]:
        """List all pods, and inputs without a pod, so that the sweep finds these too."""
        return sorted(self._objects.attempts())

    def watch(self, stop: Callable[[], bool]) -> Iterator[str]:
        return PodWatch(self._api, self._room, self._idle).changes(stop)

    def slots(self) -> int | None:
        return self._room.slots

    def pools(self) -> list[StartedAhead]:
        ready = self._idle.ready()
        return [
            StartedAhead(
                language=pool.offer.spec.name,
                version=pool.offer.image.version,
                size=pool.size,
                ready=ready[pool.label],
            )
            for pool in self._by_language.values()
        ]

    def tend(self) -> None:
        self._pools.tend()

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

    def _look(self, pod: Mapping[str, Any], *, logs: bool, number: int = 1) -> Observation | None:
        """Return what the pod says, with those that continue it, of which `number` is the next."""
        seen = observation_of(pod, now())
        if seen and logs:
            seen = self._with_log(pod, seen)
        if seen is None or not is_continued(pod, seen):
            return seen
        following = self._objects.pod(follow_up.name_of(attempt_of(pod["metadata"]), number))
        following = following or self._continue(pod, number)
        return follow_up.joined(seen, self._look(following, logs=logs, number=number + 1))

    def _continue(self, pod: Mapping[str, Any], number: int) -> Mapping[str, Any]:
        seen = observation_of(pod, now())
        seen = self._with_log(pod, seen) if seen else None
        if seen is None or seen.report is None:
            raise RuntimeUnavailable("the log of a pod that has to be continued is not available")
        return self._objects.make_follow_up(follow_up.follow_up(pod, number, seen.report))

    def _with_log(self, pod: Mapping[str, Any], observation: Observation) -> Observation | None:
        """Read the log, if only that says how the runs ended that have."""
        if asks_for_files(pod):
            return self._with_files(pod, observation)
        if observation.report or runs_of(pod) == 1:
            return observation
        if observation.phase is Phase.RUNNING:
            try:
                log = self._objects.log(pod["metadata"]["name"], parse_transcript)
            except RuntimeUnavailable:  # of the node's kubelet; its pod runs on
                return observation
            return observation_of(pod, now(), log)
        if observation.phase is Phase.ENDED:
            log = self._objects.log(pod["metadata"]["name"], parse_transcript)
            if log is None or log.end is None or log.end.report is None:
                return faulted(observation.name, "its log, which has its report, is not complete")
            return observation_of(pod, now(), log)
        return observation

    def _with_files(self, pod: Mapping[str, Any], observation: Observation) -> Observation | None:
        """A program that did not start has none."""
        if observation.report is None or not observation.report.runs:
            return observation
        log = self._objects.log(pod["metadata"]["name"], parse_transcript)
        if log is None or log.files is None:
            return faulted(observation.name, "its log, which has its files, is not complete")
        self._last.keep(observation.name, log.files)
        return observation_of(pod, now(), log)

    def _input_alone(self, name: str) -> Observation | None:
        metadata = self._objects.metadata_of_input(name)
        return without_pod(metadata) if metadata else None
