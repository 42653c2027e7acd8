"""/api/v1/languages and /api/v1/limits."""

from dataclasses import asdict

from app.api import about_schemas, representation
from app.api.context import Call
from app.api.operations import Section
from app.service.submit import quota_of

languages = Section("Languages and limits", "/api/v1")


@languages.operation("GET", "/languages", {200: about_schemas.LanguageList})
def list_(call: Call) -> about_schemas.LanguageList:
    """The languages that can be run here, with their versions."""
    policy = call.context.policy
    return about_schemas.LanguageList(
        items=[
            representation.language(
                language,
                policy.run_limits(language.accepts, language.needs),
                policy.compile_limits(language.accepts, language.compile_needs),
            )
            for language in call.context.languages.known()
        ]
    )


@languages.operation("GET", "/limits", {200: about_schemas.LimitsInForce})
def limits(call: Call) -> about_schemas.LimitsInForce:
    """Defaults and maxima that hold for every language. A limit above its maximum is refused.

    Some languages may allow more: see `limits` of each language.
    """
    policy, accepts = call.context.policy, call.context.languages.accepted_by_all()
    size = call.context.languages.artifact_bytes(policy.artifacts.bytes)
    kept = about_schemas.ArtifactMaxima(files=policy.artifacts.files, bytes=size) if size else None
    return about_schemas.LimitsInForce(
        limits=representation.limit_range(policy.run_limits(accepts, needs={})),
        compile_limits=representation.limit_range(policy.compile_limits(accepts, needs={})),
        input=about_schemas.InputMaxima(**asdict(policy.input)),
        max_input_bytes=call.context.languages.max_input_bytes(),
        max_wall_seconds=policy.max_wall_seconds,
        artifacts=kept,
        max_unfinished=quota_of(policy, call.caller),
    )


@languages.operation("GET", "/limits/held", {200: about_schemas.HeldLimitList})
def limits_held(call: Call) -> about_schemas.HeldLimitList:
    """What enforces each limit where programs run: the kernel, the runtime, or nobody."""
    return about_schemas.HeldLimitList(
        items=[
            about_schemas.HeldLimit(**asdict(item)) for item in call.context.languages.limits_held()
        ]
    )
