"""Pods that are started ahead: one pool per language, of pods that have not been handed a program.

Such a pod is like any other, except that its collector has no input yet and waits for it. Its label
AHEAD is the same for all pods of a pool. An attempt claims it by setting the label FOLLOWS to its
own name; from then on, the pod is that attempt's.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from app.domain.pod import Pod, Run
from app.domain.policy import Policy
from app.domain.report import Phase
from app.infrastructure.clock import now
from app.infrastructure.kubernetes import input
from app.infrastructure.kubernetes.images import Offer
from app.infrastructure.kubernetes.manifest import (
    AHEAD,
    FOLLOWS,
    SELECTOR,
    PodOptions,
    pod_manifest,
)
from app.infrastructure.kubernetes.observation import observation_of

JsonObject = Mapping[str, Any]

UNCLAIMED: Final = f"{SELECTOR},{AHEAD},!{FOLLOWS}"
"""The selector of all pods that no attempt has claimed."""
EVICTABLE: Final = "cluster-autoscaler.kubernetes.io/safe-to-evict"
"""The annotation that lets Cluster Autoscaler remove a node although a pod there has no controller.
An attempt that claims the pod removes it.
"""
_NAME: Final = "ahead"


DEFAULT_POLICY: Final = Policy()


@dataclass(frozen=True, slots=True, kw_only=True)
class AheadOptions:
    """An operator's settings for pods that are started ahead."""

    sizes: Mapping[str, int] = field(default_factory=dict)
    """How many pods to keep ready, by language."""
    policy: Policy = DEFAULT_POLICY
    """Each language's default limits are those of its pods. What asks for another limit of memory
    or disk gets a new pod.
    """
    max_age_seconds: float = 3600


NOTHING_AHEAD: Final = AheadOptions()


@dataclass(frozen=True, slots=True)
class Pool:
    """The pods that are started ahead for one language."""

    offer: Offer
    size: int
    label: str
    """The value of AHEAD. It is the language's own, and changes with the image and all else
    that the pods depend on.
    """
    model: Pod
    """What asks for all that these pods have."""
    manifest: JsonObject

    @classmethod
    def of(cls, offer: Offer, pods: PodOptions, options: AheadOptions) -> "Pool":
        model = _model(offer, options)
        manifest = pod_manifest(model, offer, pods, parts=0)
        depends_on = [offer.spec.name, manifest]  # two languages may have the same image
        label = hashlib.sha256(json.dumps(depends_on, sort_keys=True).encode()).hexdigest()[:16]
        return cls(offer, options.sizes.get(offer.spec.name, 0), label, model, manifest)

    def fits(self, pod: Pod) -> bool:
        """Whether one of these pods can be the pod.

        A volume keeps its size. init could enforce less memory than a container has, but only by
        ending the whole program, where the kernel ends one of its processes.
        """
        spec = self.offer.spec
        return (
            self.size > 0
            and input.memory_mib(pod, spec) == input.memory_mib(self.model, spec)
            and input.disk_mib(pod, spec) == input.disk_mib(self.model, spec)
        )

    def new_pod(self, pods: PodOptions) -> dict[str, Any]:
        """Return the manifest of one more, under a new name."""
        name = f"{_NAME}-{self.label}-{secrets.token_hex(4)}"
        manifest = pod_manifest(replace(self.model, name=name), self.offer, pods, parts=0)
        manifest["metadata"]["labels"] = {**manifest["metadata"]["labels"], AHEAD: self.label}
        manifest["metadata"]["annotations"] = {EVICTABLE: "true"}
        return manifest


def is_unclaimed(metadata: JsonObject) -> bool:
    """Whether it is a pod that no attempt has claimed."""
    labels: Mapping[str, str] = metadata.get("labels", {})
    return AHEAD in labels and FOLLOWS not in labels


def is_ahead(metadata: JsonObject) -> bool:
    """Whether the pod was started ahead."""
    return AHEAD in metadata.get("labels", {})


def is_ready(pod: JsonObject) -> bool:
    """Whether it was started ahead, and both its containers run."""
    seen = observation_of(pod, now())
    return is_ahead(pod["metadata"]) and seen is not None and seen.phase is Phase.RUNNING


def _model(offer: Offer, options: AheadOptions) -> Pod:
    language = offer.language(None)
    limits = options.policy.run_limits(language.accepts, language.needs).default
    compiling = options.policy.compile_limits(language.accepts, language.compile_needs).default
    return Pod(
        name=_NAME,
        language=offer.spec.name,
        language_version=offer.image.version,
        files=(),
        entrypoint="",
        runs=(Run(stdin=b"", args=(), env={}, limits=limits),),
        compile_limits=compiling,
        wall_seconds=0,
    )
