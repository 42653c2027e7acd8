"""The two objects of an attempt: a ConfigMap with its input, and a hardened Pod.

Only the Pod's name, uid, image, sizes and times vary. It conforms to the `restricted` Pod Security
Standard (https://kubernetes.io/docs/concepts/security/).
"""

import base64
import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from app.domain.errors import RunRefused
from app.domain.pod import Pod
from app.infrastructure.kubernetes import input, inside
from app.infrastructure.kubernetes.images import Offer

LABELS: Final = {
    "app.kubernetes.io/managed-by": "podline",
    "app.kubernetes.io/component": "sandbox",
}
SELECTOR: Final = ",".join(f"{name}={value}" for name, value in LABELS.items())
HELD_UP: Final = "podline/held-up"
"""The annotation of a ConfigMap that says why the API server didn't accept its Pod yet."""

FOLLOWS: Final = "podline/follows"
"""The label of what belongs to an attempt, and has another name than that.

Pods that continue the first one (follow_up.py), and ConfigMaps with more input.
"""
RUNS: Final = "podline/runs"
"""The annotation of a Pod that says how often it runs its program."""
ARTIFACTS: Final = "podline/artifacts"
"""The annotation of a Pod that asks for files which its program creates."""
AHEAD: Final = "podline/ahead"
"""The label of a Pod that was started ahead (ahead.py). Once an attempt has it, FOLLOWS says which.
"""
PARTS: Final = "podline/parts"
"""The annotation of a Pod that was started ahead and has several runs. It says how many ConfigMaps
have its input, too, for pods that continue it.
"""
END: Final = "podline/end"
"""The annotation of a Pod whose end record was seen before its containers were seen to end."""

PODS: Final = "/pods"
CONFIG_MAPS: Final = "/configmaps"
"""Paths in a namespace."""

MAIN: Final = "main"
COLLECTOR: Final = "collector"

_GRACE_SECONDS: Final = 1
"""init ignores SIGTERM, so a kill takes this long. 0 would mean not to wait for the end at all."""
_DEADLINE_MARGIN_SECONDS: Final = 30
_BETWEEN_RUNS_SECONDS: Final = 1
_NODE_LOST_SECONDS: Final = 30
_COLLECTOR_UID: Final = 65_532
_FIRST_UID: Final = 1_000_000
_UIDS: Final = 2**31 - 2_000_000
_CONFIG_MAP_BYTES: Final = 1_000_000
"""The API server accepts 1 MiB of data, counted before base64."""
_INPUT_BYTES: Final = 4 * 1024 * 1024
_COLLECTOR_MIB: Final = 64
_CHANNEL_MIB: Final = 2
_STORAGE: Final = "16Mi"
"""For logs only. The collector's log is below 7 MiB with the largest output limits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PodOptions:
    """An operator's settings for pods."""

    collector_image: str
    image_pull_policy: str = "IfNotPresent"
    image_pull_secret: str | None = None
    runtime_class: str | None = None
    node_selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: Sequence[Mapping[str, str]] = ()
    priority_class: str | None = None
    cpu_request: float = 0.1
    """Cores."""
    cpu_limit: float = 1.0
    pod_pids_limit: int | None = None
    """The kubelets' `podPidsLimit`, if they have one."""
    start_timeout: float = 60
    """Seconds until the program must run."""


def config_maps(pod: Pod, offer: Offer) -> list[dict[str, Any]]:
    """Return the input in as many parts as it needs. The first has the pod's name.

    Raises RunRefused if that is more than one pod should have.
    """
    content = input.stages(pod, offer.spec)
    if len(content) > _INPUT_BYTES:
        raise RunRefused(f"tests: a pod's input would have {len(content)} of {_INPUT_BYTES} bytes")
    parts = range(0, len(content), _CONFIG_MAP_BYTES)
    return [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": part_name(pod.name, number),
                "labels": {**LABELS, FOLLOWS: pod.name} if number else LABELS,
            },
            "immutable": True,
            "binaryData": {
                inside.STAGES: base64.b64encode(content[at : at + _CONFIG_MAP_BYTES]).decode()
            },
        }
        for number, at in enumerate(parts)
    ]


def part_name(pod: str, number: int) -> str:
    return f"{pod}-input-{number}" if number else pod


def owned_by(pod: Mapping[str, Any]) -> dict[str, Any]:
    """Return a patch that makes the pod the owner, so that the cluster removes both together."""
    return {"metadata": {"ownerReferences": [owner(pod)]}}


def owned(part: Mapping[str, Any], pod: Mapping[str, Any]) -> dict[str, Any]:
    """Return a ConfigMap of which the pod is the owner from the start."""
    return {**part, "metadata": {**part["metadata"], **owned_by(pod)["metadata"]}}


def owner(pod: Mapping[str, Any]) -> dict[str, Any]:
    """Return the reference to a pod in what belongs to it."""
    metadata = pod["metadata"]
    return {"apiVersion": "v1", "kind": "Pod", "name": metadata["name"], "uid": metadata["uid"]}


def held_up(why: str) -> dict[str, Any]:
    """Return a patch for a ConfigMap whose Pod can't be created yet."""
    return {"metadata": {"annotations": {HELD_UP: why}}}


def pod_manifest(pod: Pod, offer: Offer, options: PodOptions, parts: int = 1) -> dict[str, Any]:
    """Return the Pod for an input in this many parts. Without any, it gets its input later."""
    kept = _kept_mib(pod, offer)
    optional: dict[str, Any] = {}
    if parts:
        optional["activeDeadlineSeconds"] = active_deadline(pod, offer, options)
    if options.image_pull_secret:
        optional["imagePullSecrets"] = [{"name": options.image_pull_secret}]
    if options.runtime_class:
        optional["runtimeClassName"] = options.runtime_class
    if options.node_selector:
        optional["nodeSelector"] = dict(options.node_selector)
    if options.priority_class:
        optional["priorityClassName"] = options.priority_class
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": pod.name,
            "labels": LABELS,
            "annotations": annotations(pod),
        },
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": _GRACE_SECONDS,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            # Kubernetes requires a name server; nothing listens at this address.
            "dnsPolicy": "None",
            "dnsConfig": {"nameservers": ["127.0.0.1"]},
            "hostname": "sandbox",
            "securityContext": {
                "runAsNonRoot": True,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "tolerations": [
                _leaves("not-ready"),
                _leaves("unreachable"),
                *map(dict, options.tolerations),
            ],
            "containers": [
                _collector(options, kept) | (_WITH_INPUT if parts else _AHEAD),
                _main(pod, offer, options),
            ],
            "volumes": [
                *([_input(pod.name, parts)] if parts else []),
                _in_memory("channel", _CHANNEL_MIB + kept),
                _in_memory("work", input.disk_mib(pod, offer.spec)),
            ],
            **optional,
        },
    }


def with_input(spec: Mapping[str, Any], pod: str, parts: int) -> dict[str, Any]:
    """Return what a pod that was started ahead would be if it had found its input in ConfigMaps."""
    collector, main = spec["containers"]
    found = {field: value for field, value in collector.items() if field not in _STDIN}
    found["command"] = list(inside.COLLECTOR_COMMAND)
    found["volumeMounts"] = [_INPUT, *collector["volumeMounts"]]
    return {
        **spec,
        "containers": [found, main],
        "volumes": [_input(pod, parts), *spec["volumes"]],
    }


def annotations(pod: Pod, parts: int = 0) -> dict[str, str]:
    """Return what a Pod says about what it runs, and how many ConfigMaps others find that in."""
    numbers = {RUNS: len(pod.runs), ARTIFACTS: len(pod.artifacts), PARTS: parts}
    return {name: str(number) for name, number in numbers.items() if number}


def _input(pod: str, parts: int) -> dict[str, Any]:
    sources = [
        {
            "configMap": {
                "name": part_name(pod, number),
                "items": [{"key": inside.STAGES, "path": inside.part_of_stages(number)}],
            }
        }
        for number in range(parts)
    ]
    return {"name": "input", "projected": {"sources": sources}}


def _in_memory(name: str, mib: int) -> dict[str, Any]:
    return {"name": name, "emptyDir": {"medium": "Memory", "sizeLimit": f"{mib}Mi"}}


def _kept_mib(pod: Pod, offer: Offer) -> int:
    """Return what a compiled program can take in the channel, in the collector's memory."""
    return input.disk_mib(pod, offer.spec) if offer.spec.compile else 0


_INPUT: Final = {"name": "input", "mountPath": inside.INPUT, "readOnly": True}
_CHANNEL: Final = {"name": "channel", "mountPath": inside.CHANNEL}
_WITH_INPUT: Final = {
    "command": list(inside.COLLECTOR_COMMAND),
    "volumeMounts": [_INPUT, _CHANNEL],
}
_STDIN: Final = ("stdin", "stdinOnce")
_AHEAD: Final = {
    "command": [*inside.COLLECTOR_COMMAND, inside.AHEAD],
    "volumeMounts": [_CHANNEL],
    # Its end says that whoever handed over the input is gone, perhaps too early.
    "stdin": True,
    "stdinOnce": True,
}


def _collector(options: PodOptions, kept_mib: int) -> dict[str, Any]:
    return {
        "name": COLLECTOR,
        "image": options.collector_image,
        "imagePullPolicy": options.image_pull_policy,
        "terminationMessagePath": inside.TERMINATION_LOG,
        "securityContext": _security(_COLLECTOR_UID),
        "resources": _resources(options, _COLLECTOR_MIB, _COLLECTOR_MIB + kept_mib),
    }


def _main(pod: Pod, offer: Offer, options: PodOptions) -> dict[str, Any]:
    memory_mib = input.memory_mib(pod, offer.spec)
    return {
        "name": MAIN,
        "image": offer.image.reference,
        "imagePullPolicy": options.image_pull_policy,
        "command": list(inside.MAIN_COMMAND),
        # The file is on the node, world-writable and of unlimited size, so it must be where no
        # program can reach it: in a folder that only root can enter.
        "terminationMessagePath": "/root/termination-log",
        "securityContext": _security(_uid(pod.name)),
        "resources": _resources(options, memory_mib, memory_mib),
        "volumeMounts": [
            {"name": "channel", "mountPath": inside.CHANNEL, "readOnly": True},
            *(
                {"name": "work", "mountPath": path, "subPath": folder}
                for path, folder in inside.WRITABLE.items()
            ),
        ],
    }


def _security(uid: int) -> dict[str, Any]:
    return {
        "runAsUser": uid,
        "runAsGroup": uid,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def _resources(options: PodOptions, requested_mib: int, limit_mib: int) -> dict[str, Any]:
    def sizes(cpu: float, memory_mib: int) -> dict[str, str]:
        return {"cpu": _cores(cpu), "memory": f"{memory_mib}Mi", "ephemeral-storage": _STORAGE}

    return {
        "requests": sizes(options.cpu_request, requested_mib),
        "limits": sizes(options.cpu_limit, limit_mib),
    }


def _cores(number: float) -> str:
    return f"{math.ceil(number * 1000)}m"


def _uid(name: str) -> int:
    """Choose a uid for the pod alone: RLIMIT_NPROC counts a uid's processes on the whole node."""
    digest = hashlib.sha256(name.encode()).digest()
    return _FIRST_UID + int.from_bytes(digest[:8], "big") % _UIDS


def active_deadline(pod: Pod, offer: Offer, options: PodOptions) -> int:
    """Return the kubelet's backstop in seconds, which counts from before images are pulled."""
    first, *others = (run.limits.wall_seconds for run in pod.runs)
    if offer.spec.compile:
        first += pod.compile_limits.wall_seconds
    wall = max(first, min(first + sum(others), pod.wall_seconds))
    between = len(others) * _BETWEEN_RUNS_SECONDS
    return math.ceil(options.start_timeout + wall + between + _DEADLINE_MARGIN_SECONDS)


def _leaves(condition: str) -> dict[str, Any]:
    """Evict the pod from a lost node after 30 seconds instead of the default 300."""
    return {
        "key": f"node.kubernetes.io/{condition}",
        "operator": "Exists",
        "effect": "NoExecute",
        "tolerationSeconds": _NODE_LOST_SECONDS,
    }
