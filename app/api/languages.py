"""/api/v1/languages and /api/v1/limits: what may be asked for."""

from dataclasses import asdict, replace

from app.api import representation, schemas
from app.api.context import Call
from app.api.routing import Section
from app.domain.submission import Limits

languages = Section("Languages and limits", "/api/v1")


@languages.operation("GET", "/languages", {200: schemas.LanguageList})
def list_(call: Call) -> schemas.LanguageList:
    """The languages that can be run here, with their versions."""
    policy = call.ports.policy
    return schemas.LanguageList(
        items=[
            representation.language(language, policy.compile_limits_of(language))
            for language in call.languages.known()
        ]
    )


@languages.operation("GET", "/limits", {200: schemas.LimitsInForce})
def limits(call: Call) -> schemas.LimitsInForce:
    """Defaults and maxima. One over its maximum is refused, never changed."""
    policy = call.ports.policy
    return schemas.LimitsInForce(
        limits=_settings(policy.default_limits, policy.max_limits),
        compile_limits=_settings(policy.default_compile_limits, policy.max_compile_limits),
        input=schemas.InputMaxima(**asdict(policy.input)),
        max_unfinished=call.caller.max_unfinished or policy.max_unfinished_per_owner,
    )


@languages.operation("GET", "/limits/held", {200: schemas.HeldLimitList})
def limits_held(call: Call) -> schemas.HeldLimitList:
    """What holds each limit where programs run: the kernel, the runtime, or nobody."""
    return schemas.HeldLimitList(
        items=[schemas.HeldLimit(**asdict(item)) for item in call.ports.runtime.limits_held()]
    )


def _settings(default: Limits, maximum: Limits) -> schemas.LimitSettings:
    maximum = replace(maximum, stack_mib=maximum.memory_mib)
    return schemas.LimitSettings(
        default=representation.limits(default), maximum=representation.limits(maximum)
    )
