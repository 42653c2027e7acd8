"""/api/v1/languages and /api/v1/limits."""

from dataclasses import asdict

from app.api import representation, schemas
from app.api.context import Call
from app.api.operations import Section

languages = Section("Languages and limits", "/api/v1")


@languages.operation("GET", "/languages", {200: schemas.LanguageList})
def list_(call: Call) -> schemas.LanguageList:
    """The languages that can be run here, with their versions."""
    policy = call.context.policy
    return schemas.LanguageList(
        items=[
            representation.language(
                language,
                policy.run_limits(language.accepts, language.needs),
                policy.compile_limits(language.accepts, language.compile_needs),
            )
            for language in call.context.languages.known()
        ]
    )


@languages.operation("GET", "/limits", {200: schemas.LimitsInForce})
def limits(call: Call) -> schemas.LimitsInForce:
    """Defaults and maxima that hold for every language. A limit above its maximum is refused.

    Some languages may allow more: see `limits` of each language.
    """
    policy, accepts = call.context.policy, call.context.languages.accepted_by_all()
    size = call.context.languages.artifact_bytes(policy.artifacts.bytes)
    kept = schemas.ArtifactMaxima(files=policy.artifacts.files, bytes=size) if size else None
    return schemas.LimitsInForce(
        limits=representation.limit_range(policy.run_limits(accepts, needs={})),
        compile_limits=representation.limit_range(policy.compile_limits(accepts, needs={})),
        input=schemas.InputMaxima(**asdict(policy.input)),
        max_input_bytes=call.context.languages.max_input_bytes(),
        max_wall_seconds=policy.max_wall_seconds,
        artifacts=kept,
        max_unfinished=call.caller.max_unfinished or policy.max_unfinished_per_owner,
    )


@languages.operation("GET", "/limits/held", {200: schemas.HeldLimitList})
def limits_held(call: Call) -> schemas.HeldLimitList:
    """What enforces each limit where programs run: the kernel, the runtime, or nobody."""
    return schemas.HeldLimitList(
        items=[schemas.HeldLimit(**asdict(item)) for item in call.context.languages.limits_held()]
    )
