"""A client's request becomes a `Submission`, or the list of every reason why it can't.

Nothing is changed silently: what is left out takes its default, and what breaks a rule is refused
by name. docs/api.md describes the rules; the policy holds the maxima.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from app.api.sent import Read
from app.api.submission import form
from app.api.submission.checks import at_most, plain_text, text_or_base64
from app.api.submission.limits import limits
from app.api.submission.program import check_room, known_language, program
from app.domain.api_key import Role
from app.domain.callback_url import networks, problem_with
from app.domain.checks import Problems, pointer, showable
from app.domain.errors import Forbidden, InvalidRequest
from app.domain.language import Language
from app.domain.policy import InputMaxima, LimitRange, Policy
from app.domain.submission import Buffering, ExpectedOutput, Priority, Submission

_ENV_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NO_SECRET: Final = "this service can't sign callbacks: ask its operator to set callback_secret"
_URGENT: Final = frozenset({Priority.CRITICAL, Priority.HIGH})


def validate(
    read: Read[form.Submission], policy: Policy, languages: Sequence[Language], role: Role
) -> Submission:
    """The submission, with every limit filled in.

    Raises InvalidRequest with all problems, those with types included; Forbidden if nothing but
    the role is missing.
    """
    sent, problems, maxima = read.value, read.problems, policy.input
    language = known_language(problems, sent, languages)
    files, entrypoint = program(problems, sent, language, maxima)
    stdin = text_or_base64(problems, "stdin", sent.stdin, sent.stdin_base64, maxima.stdin_bytes)
    args = _args(problems, "args", sent.args, maxima)
    compile_args = _compile_args(problems, sent.compile_args, language, maxima)
    _check_env(problems, sent.env, maxima)
    run_range, compile_range = _ranges(language, policy)
    run_limits = limits(problems, "limits", sent.limits, run_range)
    compile_limits = limits(problems, "compile_limits", sent.compile_limits, compile_range)
    expected_output = _expected_output(problems, sent, maxima)
    _check_labels(problems, sent.labels, maxima)
    _check_callback(problems, sent.callback_url, policy)
    if language:
        disk_mib = run_limits.disk_mib_with(compile_limits, compiled=language.compiled)
        check_room(problems, files, disk_mib, maxima)
    if problems or language is None:
        raise InvalidRequest(problems.found)
    if sent.priority in _URGENT and not role.includes(Role.OPERATOR):
        raise Forbidden(f"priority {sent.priority} needs a key with the role operator")
    return Submission(
        language=language.name,
        language_version=language.version,
        files=files,
        entrypoint=entrypoint,
        stdin=stdin or b"",
        args=args,
        env=sent.env,
        limits=run_limits,
        compile_limits=compile_limits,
        compile_args=compile_args,
        streams=sent.streams,
        buffering=sent.buffering or _default_buffering(expected_output),
        expected_output=expected_output,
        priority=sent.priority,
        labels=sent.labels,
        callback_url=sent.callback_url,
    )


def _expected_output(
    problems: Problems, sent: form.Submission, maxima: InputMaxima
) -> ExpectedOutput | None:
    text, encoded = sent.expected_output, sent.expected_output_base64
    maximum = maxima.expected_output_bytes
    content = text_or_base64(problems, "expected_output", text, encoded, maximum)
    return None if content is None else ExpectedOutput(content, exact=encoded is not None)


def _default_buffering(expected_output: ExpectedOutput | None) -> Buffering:
    """Output that only a judge reads is not worth a system call for each line."""
    return Buffering.LINE if expected_output is None else Buffering.BLOCK


def _ranges(language: Language | None, policy: Policy) -> tuple[LimitRange, LimitRange]:
    """The limits of the run stage and of the compile stage."""
    if language is None:
        return policy.run_limits({}, needs={}), policy.compile_limits({}, needs={})
    return (
        policy.run_limits(language.accepts, language.needs),
        policy.compile_limits(language.accepts, language.compile_needs),
    )


def _args(
    problems: Problems, name: str, args: Sequence[str], maxima: InputMaxima
) -> tuple[str, ...]:
    size = 0
    for index, arg in enumerate(args):
        size += plain_text(problems, pointer(name, index), arg)
    at_most(problems, pointer(name), size, maxima.args_bytes)
    return tuple(args)


def _compile_args(
    problems: Problems, args: Sequence[str], language: Language | None, maxima: InputMaxima
) -> tuple[str, ...]:
    if args and language and not language.compiled:
        problems.add("/compile_args", f"{language.name} has no compiler: leave it out")
    return _args(problems, "compile_args", args, maxima)


def _check_env(problems: Problems, env: Mapping[str, str], maxima: InputMaxima) -> None:
    size = 0
    for name, value in env.items():
        at = pointer("env", name)
        if not _ENV_NAME.fullmatch(name):
            problems.add(
                at, "names have letters (A to Z, a to z), digits and _, and begin with no digit"
            )
        size += len(name) + plain_text(problems, at, value)
    at_most(problems, "/env", size, maxima.env_bytes)


def _check_callback(problems: Problems, url: str | None, policy: Policy) -> None:
    if url is None:
        return
    if not policy.signs_callbacks:
        problems.add("/callback_url", _NO_SECRET)
    elif problem := problem_with(url, networks(policy.callback_networks)):
        problems.add("/callback_url", problem)


def _check_labels(problems: Problems, labels: Mapping[str, str], maxima: InputMaxima) -> None:
    for name, value in labels.items():
        at = pointer("labels", name)
        if not name or ":" in name:
            problems.add(at, "a label's name is not empty and has no colon")
        for text in (name, value):
            showable(problems, at, text)
            if len(text) > maxima.label_characters:
                problems.add(at, f"at most {maxima.label_characters} characters are allowed")
