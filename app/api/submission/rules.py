"""What a client asks for becomes a `Submission`, or the list of every reason why it can't.

Nothing is ever changed silently: what is left out takes its default, what breaks a rule is
refused by name. How large things may be says the policy; the rules are those of docs/api.md.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from enum import StrEnum
from typing import Final, TypeVar

from app.api.submission.program import check_room, known_language, program
from app.domain.checks import (
    Problems,
    at_most,
    choice,
    no_nul,
    not_too_many,
    number,
    pointer,
    showable,
    text_or_base64,
    utf8,
)
from app.domain.errors import Forbidden, InvalidSubmission
from app.domain.policy import InputMaxima, LimitRange, Policy
from app.domain.records import Language, Role
from app.domain.requested import RequestedLimits, RequestedSubmission
from app.domain.submission import (
    Buffering,
    ExpectedOutput,
    Limits,
    Priority,
    Streams,
    Submission,
)

MIN_SECONDS: Final = 0.001
"""The shortest time limit: runtimes measure in whole milliseconds, and 0 would be no limit."""

_IN_SECONDS: Final = frozenset({"wall_seconds", "cpu_seconds"})
_ENV_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_URGENT: Final = frozenset({Priority.CRITICAL, Priority.HIGH})

Choice = TypeVar("Choice", bound=StrEnum)


def validate(
    requested: RequestedSubmission, policy: Policy, languages: Sequence[Language], role: Role
) -> Submission:
    """The submission, every limit filled in.

    Raises InvalidSubmission with all problems; Forbidden where only the role is missing.
    """
    problems, maxima = Problems(), policy.input
    language = known_language(problems, requested, languages)
    files, entrypoint = program(problems, requested, language, maxima)
    stdin = text_or_base64(
        problems, "stdin", requested.stdin, requested.stdin_base64, maxima.stdin_bytes
    )
    args = _args(problems, "args", requested.args, maxima)
    compile_args = _compile_args(problems, requested.compile_args, language, maxima)
    env = _env(problems, requested.env, maxima)
    accepts = language.accepts if language else {}
    limits = _limits(problems, "limits", requested.limits, policy.run_limits(accepts))
    compile_limits = _limits(
        problems,
        "compile_limits",
        requested.compile_limits,
        policy.compile_limits(accepts, language.compile_needs if language else {}),
    )
    expected_output = _expected_output(problems, requested, maxima)
    streams = _one_of(problems, "streams", requested.streams, Streams.SEPARATE)
    buffering = _buffering(problems, requested.buffering, judged=expected_output is not None)
    priority = _one_of(problems, "priority", requested.priority, Priority.NORMAL)
    labels = _labels(problems, requested.labels, maxima)
    if requested.callback_url is not None:
        problems.add("/callback_url", "callbacks are not supported yet: leave it out")
    if language and not problems:  # names are not too long to be looked into
        disk_mib = limits.disk_mib_with(compile_limits, compiled=language.compiled)
        check_room(problems, files, disk_mib)
    if problems or language is None:
        raise InvalidSubmission(problems.found)
    if priority in _URGENT and not role.includes(Role.OPERATOR):
        raise Forbidden(f"priority {priority} needs a key with the role operator")
    return Submission(
        language=language.name,
        language_version=language.version,
        files=files,
        entrypoint=entrypoint,
        stdin=stdin or b"",
        args=args,
        env=env,
        limits=limits,
        compile_limits=compile_limits,
        compile_args=compile_args,
        streams=streams,
        buffering=buffering,
        expected_output=expected_output,
        priority=priority,
        labels=labels,
    )


def _expected_output(
    problems: Problems, requested: RequestedSubmission, maxima: InputMaxima
) -> ExpectedOutput | None:
    text, encoded = requested.expected_output, requested.expected_output_base64
    maximum = maxima.expected_output_bytes
    content = text_or_base64(problems, "expected_output", text, encoded, maximum)
    return None if content is None else ExpectedOutput(content, exact=encoded is not None)


def _args(
    problems: Problems, name: str, args: Sequence[str], maxima: InputMaxima
) -> tuple[str, ...]:
    size = 0
    if not_too_many(problems, pointer(name), args, maxima.args):
        for index, arg in enumerate(args):
            size += _plain_text(problems, pointer(name, index), arg)
    at_most(problems, pointer(name), size, maxima.args_bytes)
    return tuple(args)


def _compile_args(
    problems: Problems, args: Sequence[str], language: Language | None, maxima: InputMaxima
) -> tuple[str, ...]:
    if args and language and not language.compiled:
        problems.add("/compile_args", f"{language.name} has no compiler: leave it out")
    return _args(problems, "compile_args", args, maxima)


def _buffering(problems: Problems, requested: str | None, *, judged: bool) -> Buffering:
    """By default, output that only a judge reads is not worth a system call for each line."""
    default = Buffering.BLOCK if judged else Buffering.LINE
    return default if requested is None else _one_of(problems, "buffering", requested, default)


def _env(problems: Problems, env: Mapping[str, str], maxima: InputMaxima) -> dict[str, str]:
    size = 0
    if not_too_many(problems, "/env", env, maxima.env):
        for name, value in env.items():
            at = pointer("env", name)
            if not _ENV_NAME.fullmatch(name):
                problems.add(
                    at, "names have letters (A to Z, a to z), digits and _, and begin with no digit"
                )
            size += len(name) + _plain_text(problems, at, value)
    at_most(problems, "/env", size, maxima.env_bytes)
    return dict(env)


def _plain_text(problems: Problems, at: str, text: str) -> int:
    """How many bytes it has; it becomes a NUL-terminated string of the program."""
    no_nul(problems, at, text)
    return len(utf8(problems, at, text))


def _limits(problems: Problems, name: str, requested: RequestedLimits, range: LimitRange) -> Limits:
    applied: dict[str, float] = {}
    for field in fields(Limits):
        value = getattr(requested, field.name)
        if value is None:
            applied[field.name] = getattr(range.default, field.name)
        else:
            # A stack is memory, so what the memory may be is the most that the stack may be.
            most = getattr(range.maximum, field.name) or range.maximum.memory_mib
            at = pointer(name, field.name)
            applied[field.name] = _limit(problems, at, value, most, field.name in _IN_SECONDS)
    limits = Limits(**applied)  # type: ignore[arg-type]  # _limit made whole numbers of the others
    _stack_fits(problems, name, requested.stack_mib, limits)
    return limits


def _stack_fits(problems: Problems, name: str, requested: float | None, limits: Limits) -> None:
    """A stack that is no number has its problem already."""
    if requested is None or requested != limits.stack_mib or requested <= limits.memory_mib:
        return
    at = pointer(name, "stack_mib")
    problems.add(at, f"must not be above memory_mib, which is {limits.memory_mib}")


def _limit(problems: Problems, at: str, value: float, maximum: float, seconds: bool) -> float:
    if not number(problems, at, value, maximum):
        return maximum
    if seconds and value < MIN_SECONDS:
        problems.add(at, f"must be at least {MIN_SECONDS}")
    if not seconds and value != int(value):
        problems.add(at, "must be a whole number")
    return value if seconds else int(value)


def _one_of(problems: Problems, name: str, value: str, default: Choice) -> Choice:
    """The default where the value is none of its kind."""
    kind = type(default)
    try:
        return kind(value)
    except ValueError:
        problems.add(pointer(name), choice(list(kind)))
        return default


def _labels(problems: Problems, labels: Mapping[str, str], maxima: InputMaxima) -> dict[str, str]:
    if not_too_many(problems, "/labels", labels, maxima.labels):
        for name, value in labels.items():
            at = pointer("labels", name)
            if not name or ":" in name:
                problems.add(at, "a label's name is not empty and has no colon")
            for text in (name, value):
                showable(problems, at, text)
                utf8(problems, at, text)
                if len(text) > maxima.label_characters:
                    problems.add(at, f"at most {maxima.label_characters} characters are allowed")
    return dict(labels)
