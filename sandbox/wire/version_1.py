"""Version 1 of the wire protocol, for a daemon or a service of the release before."""

from collections.abc import Mapping
from typing import Any, Final

from sandbox.wire.framing import Header
from sandbox.wire.types import PodRefused, Streams

_OF_A_LANGUAGE: Final = ("name", "version", "source_name", "compiled", "compile_needs")
"""A service that speaks version 1 fails at any other field."""
_STAGES: Final = ("limits", "compile_limits")


def request(request: Header) -> Header:
    """A request of version 2 for a daemon that speaks version 1.

    Raises PodRefused where that daemon would run the program in another way than it was asked to.
    Only `buffering` is dropped without a word: that is best effort for many languages anyway.
    """
    if request["op"] != "create":
        return request
    pod = request["pod"]
    _refuse(pod["compile_args"], "compile_args")
    _refuse(pod["streams"] != Streams.SEPARATE, "streams")
    return {**request, "pod": {**pod, **{stage: _limits(pod[stage]) for stage in _STAGES}}}


def languages(languages: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Languages as a service that speaks version 1 takes them."""
    return [{name: language[name] for name in _OF_A_LANGUAGE} for language in languages]


def _limits(limits: Mapping[str, Any]) -> Mapping[str, Any]:
    _refuse(limits["stack_mib"], "stack_mib")
    return {name: limit for name, limit in limits.items() if name != "stack_mib"}


def _refuse(given: object, name: str) -> None:
    if given:
        raise PodRefused(f"the sandbox daemon does not support {name}: upgrade it")
