"""/api/v1/languages and /api/v1/limits: what may be asked for."""

from dataclasses import asdict

from app.api import representation, schemas
from app.api.context import Call
from app.api.routing import Section
from app.domain.errors import RuntimeUnavailable
from app.service.languages import Languages

languages = Section("Languages and limits", "/api/v1")


@languages.operation("GET", "/languages", {200: schemas.LanguageList})
def list_(call: Call) -> schemas.LanguageList:
    """The languages that can be run here, with their versions."""
    policy = call.ports.policy
    return schemas.LanguageList(
        items=[
            representation.language(
                language,
                policy.run_limits(language.accepts),
                policy.compile_limits(language.accepts, language.compile_needs),
            )
            for language in call.languages.known()
        ]
    )


@languages.operation("GET", "/limits", {200: schemas.LimitsInForce})
def limits(call: Call) -> schemas.LimitsInForce:
    """Defaults and maxima that hold for every language. A limit above its maximum is refused.

    Some languages may allow more: see `limits` of each language.
    """
    policy, accepts = call.ports.policy, _accepted_by_all(call.languages)
    return schemas.LimitsInForce(
        limits=representation.limit_range(policy.run_limits(accepts)),
        compile_limits=representation.limit_range(policy.compile_limits(accepts, needs={})),
        input=schemas.InputMaxima(**asdict(policy.input)),
        max_unfinished=call.caller.max_unfinished or policy.max_unfinished_per_owner,
    )


@languages.operation("GET", "/limits/held", {200: schemas.HeldLimitList})
def limits_held(call: Call) -> schemas.HeldLimitList:
    """What enforces each limit where programs run: the kernel, the runtime, or nobody."""
    return schemas.HeldLimitList(
        items=[schemas.HeldLimit(**asdict(item)) for item in call.ports.runtime.limits_held()]
    )


def _accepted_by_all(languages: Languages) -> dict[str, int]:
    """Of each limit, the most that every language can have. Empty while the runtime is down."""
    try:
        accepted = [language.accepts for language in languages.known()]
    except RuntimeUnavailable:
        return {}
    names = {name for accepts in accepted for name in accepts}
    return {name: min(accepts[name] for accepts in accepted if name in accepts) for name in names}
