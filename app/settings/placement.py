"""The settings for the nodes of pods.

`pool=sandboxes,disk=ssd`, and `dedicated=podline:NoSchedule`.
"""

import re
from typing import Annotated, Final

from app.settings.checks import parsed_by

_NAME: Final = r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"
_KEY: Final = rf"(?P<key>([a-z0-9]([a-z0-9.-]{{0,251}}[a-z0-9])?/)?{_NAME})"
"""https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set"""
_LABEL: Final = re.compile(rf"{_KEY}=(?P<value>({_NAME})?)")
_TAINT: Final = re.compile(
    rf"{_KEY}(=(?P<value>({_NAME})?))?(:(?P<effect>NoSchedule|PreferNoSchedule|NoExecute))?"
)


def node_labels(setting: str) -> dict[str, str]:
    """Return the labels that a node must have.

    Raises a ValueError that names the wrong entry.
    """
    found: dict[str, str] = {}
    for entry in filter(None, map(str.strip, setting.split(","))):
        match = _LABEL.fullmatch(entry)
        if match is None:
            raise ValueError(f"{entry!r} must be a label of nodes: <key>=<value>")
        if match["key"] in found:
            raise ValueError(f"{match['key']} has two values")
        found[match["key"]] = match["value"]
    return found


def tolerations(setting: str) -> list[dict[str, str]]:
    """Return tolerations, as Kubernetes spells them, of taints, as `kubectl taint` spells those.

    Without a value, any value is tolerated, and without an effect, each. Raises a ValueError that
    names the wrong entry.
    """
    return [_toleration(entry) for entry in filter(None, map(str.strip, setting.split(",")))]


def _toleration(entry: str) -> dict[str, str]:
    match = _TAINT.fullmatch(entry)
    if match is None:
        raise ValueError(f"{entry!r} must be a taint of nodes: <key>[=<value>][:<effect>]")
    value, effect = match["value"], match["effect"]
    return {
        "key": match["key"],
        **({"operator": "Exists"} if value is None else {"operator": "Equal", "value": value}),
        **({"effect": effect} if effect else {}),
    }


NodeLabels = Annotated[str, parsed_by(node_labels)]
NodeTaints = Annotated[str, parsed_by(tolerations)]
