"""Version 1 of the wire protocol, for a daemon or a service of the release before.

In that version, a pod has one run, whose fields are the pod's own, and a report and an output have
a `run`.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from sandbox.wire.framing import Header
from sandbox.wire.types import Limits, PodRefused, Streams

_OF_A_LANGUAGE: Final = ("name", "version", "source_name", "compiled", "compile_needs")
"""A service that speaks version 1 fails at any other field."""
_STAGES: Final = ("limits", "compile_limits")
_OF_A_RUN: Final = ("stdin", "args", "env", "limits")
_LIMITS: Final = frozenset(
    ("wall_seconds", "cpu_seconds", "memory_mib", "processes", "output_kib", "disk_mib")
)
_LATER_LIMITS: Final = {
    each.name: each.default for each in fields(Limits) if each.name not in _LIMITS
}
"""What a daemon that doesn't know them does anyway."""
_NO_TOTAL: Final = 1 << 20
"""Seconds. The first run of a pod always starts."""


def request(request: Header) -> Header:
    """A request of version 2 for a daemon that speaks version 1.

    Raises PodRefused where that daemon would run the program in another way than it was asked to.
    Only `buffering` is dropped without a word: that is best effort for many languages anyway.
    """
    if request["op"] != "create":
        return request
    pod = request["pod"]
    _refuse(len(pod["runs"]) > 1 or pod["runs"][0]["files"], "tests")
    _refuse(pod["compile_args"], "compile_args")
    _refuse(pod["artifacts"], "artifacts")
    _refuse(pod["streams"] != Streams.SEPARATE, "streams")
    pod = {**pod, **pod["runs"][0]}
    pod |= {"files": request["pod"]["files"]}
    return {**request, "pod": {**pod, **{stage: _limits(pod[stage]) for stage in _STAGES}}}


def answer(operation: object, answer: Header) -> Header:
    """An answer of a daemon that speaks version 1, as one of version 2."""
    known = answer.get("ok")
    if not known or operation not in ("observe", "output"):
        return answer
    if operation == "output":
        return {"ok": _with_runs(known)}
    report = known["report"]
    return {"ok": {**known, "report": _with_runs(report) if report else None}}


def pod(pod: object) -> object:
    """A pod of a service that speaks version 1, as one of version 2. The reader checks it."""
    if not isinstance(pod, dict):
        return pod
    run = {name: pod.get(name) for name in _OF_A_RUN}
    return {**pod, "runs": [run], "wall_seconds": _NO_TOTAL}


def observation(header: Header) -> Header:
    """An observation as a service that speaks version 1 takes it."""
    report = header["report"]
    return {**header, "report": _known(with_run(report)) if report else None}


def _known(report: Header) -> Header:
    """Without `cached`, which no pod of such a service is."""
    stages = {name: report[name] for name in ("compile", "run")}
    known = {
        name: stage and {key: value for key, value in stage.items() if key != "cached"}
        for name, stage in stages.items()
    }
    return {**report, **known}


def with_run(header: Header) -> Header:
    """A report or an output as a service that speaks version 1 takes it."""
    return {**header, "run": next(iter(header["runs"]), None)}


def _with_runs(header: Header) -> Header:
    return {**header, "runs": [header["run"]] if header["run"] else []}


def languages(languages: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Languages as a service that speaks version 1 takes them."""
    return [{name: language[name] for name in _OF_A_LANGUAGE} for language in languages]


def _limits(limits: Mapping[str, Any]) -> Mapping[str, Any]:
    for name, default in _LATER_LIMITS.items():
        _refuse(limits[name] != default, name)
    return {name: limits[name] for name in _LIMITS}


def _refuse(given: object, name: str) -> None:
    if given:
        raise PodRefused(f"the sandbox daemon does not support {name}: upgrade it")
