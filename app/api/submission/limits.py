"""The limits of one stage: those that a client asks for, and the defaults of the others."""

from dataclasses import fields, replace
from typing import Any, Final

from app.api.submission.checks import number
from app.api.submission.form import RequestedStageLimits
from app.domain.language import Language
from app.domain.policy import LimitRange, Policy
from app.domain.problems import Problems, pointer
from app.domain.submission import Limits

MIN_SECONDS: Final = 0.001
"""The shortest time limit. Runtimes measure in whole milliseconds, and 0 would mean no limit."""

_NAMES: Final = tuple(field.name for field in fields(Limits))


def ranges(language: Language | None, policy: Policy) -> tuple[LimitRange, LimitRange]:
    """The limits of the run stage and of the compile stage."""
    if language is None:
        return policy.run_limits({}, needs={}), policy.compile_limits({}, needs={})
    return (
        policy.run_limits(language.accepts, language.needs),
        policy.compile_limits(language.accepts, language.compile_needs),
    )


def limits(
    problems: Problems, name: str, requested: RequestedStageLimits | None, range: LimitRange
) -> Limits:
    """`name` is the field of the submission: `limits` or `compile_limits`."""
    if requested is None:
        return range.default
    applied: dict[str, Any] = {
        each: _limit(problems, pointer(name, each), value, _maximum(range, each), each)
        for each in _NAMES
        if (value := getattr(requested, each)) is not None
    }
    found = replace(range.default, **applied)
    _stack_fits(problems, name, requested.stack_mib, found)
    return found


def _maximum(range: LimitRange, name: str) -> float:
    """A stack is memory, so it may be as large as the memory may."""
    maximum: float = getattr(range.maximum, name) or range.maximum.memory_mib
    return maximum


def _limit(problems: Problems, at: str, value: float, maximum: float, name: str) -> float:
    if not number(problems, at, value, maximum):
        return maximum
    if name.endswith("_seconds"):
        if value < MIN_SECONDS:
            problems.add(at, f"must be at least {MIN_SECONDS}")
        return value
    if value != int(value):
        problems.add(at, "must be a whole number")
    return int(value)


def _stack_fits(problems: Problems, name: str, requested: float | None, limits: Limits) -> None:
    """Says nothing of a stack that has a problem already."""
    if requested is None or requested != limits.stack_mib or requested <= limits.memory_mib:
        return
    at = pointer(name, "stack_mib")
    problems.add(at, f"must not exceed memory_mib, which is {limits.memory_mib}")
