"""A client's request becomes a `Submission`, or the list of every reason why it can't.

Nothing is changed silently: what is left out takes its default, and what breaks a rule is refused
by name. docs/api.md describes the rules; the policy holds the maxima.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from app.api.submission import form
from app.api.submission.artifacts import checked_patterns
from app.api.submission.checker import check_room_of_checker, checker
from app.api.submission.checks import text_or_base64
from app.api.submission.compiling import checked_compile_args
from app.api.submission.expected import comparison, expected_output
from app.api.submission.inputs import check_env, checked_args
from app.api.submission.limits import limits, ranges
from app.api.submission.original import outline
from app.api.submission.program import check_room, known_language, program
from app.api.submission.tests import Common, tests
from app.api.validation import Read
from app.domain.api_key import Role
from app.domain.callback_url import networks, problem_with
from app.domain.checks import Problems, pointer, showable
from app.domain.errors import Forbidden, InvalidRequest
from app.domain.language import Language
from app.domain.pod import Pod
from app.domain.policy import InputMaxima, LimitRange, Policy
from app.domain.submission import Buffering, Priority, Submission

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
    args = checked_args(problems, "args", sent.args, maxima)
    compile_args = checked_compile_args(problems, sent.compile_args, language, maxima)
    check_env(problems, sent.env, maxima)
    run_range, compile_range = ranges(language, policy)
    run_limits = limits(problems, "limits", sent.limits, run_range)
    compile_limits = limits(problems, "compile_limits", sent.compile_limits, compile_range)
    compare = comparison(problems, sent.compare)
    expected = expected_output(problems, sent, compare, maxima)
    common = Common(
        files=files,
        limits=LimitRange(run_limits, run_range.maximum),
        compile_limits=compile_limits,
        compare=compare,
    )
    found_tests = tests(problems, sent, common, language, maxima)
    found_checker = checker(problems, sent, policy, languages)
    artifacts = checked_patterns(problems, sent, language, maxima)
    _check_labels(problems, sent.labels, maxima)
    _check_callback(problems, sent.callback_url, policy)
    if language:
        disk_mib = run_limits.disk_mib_with(compile_limits, compiled=language.compiled)
        check_room(problems, files, disk_mib, maxima)
    if problems or language is None:
        raise InvalidRequest(problems.found)
    if sent.priority in _URGENT and not role.includes(Role.OPERATOR):
        raise Forbidden(f"priority {sent.priority} needs a key with the role operator")
    submission = Submission(
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
        buffering=sent.buffering or _default_buffering(sent),
        expected_output=expected,
        tests=found_tests,
        checker=found_checker,
        stop_on_failure=sent.stop_on_failure,
        keep_output=sent.keep_output,
        priority=sent.priority,
        labels=sent.labels,
        callback_url=sent.callback_url,
        artifacts=artifacts,
        sent=outline(sent),
    )
    _check_input(problems, submission, language)
    check_room_of_checker(problems, submission, languages)
    if problems:
        raise InvalidRequest(problems.found)
    return submission


def _check_input(problems: Problems, submission: Submission, language: Language) -> None:
    most, size = language.max_input_bytes, Pod.of("", submission).input_bytes
    if most is not None and size > most:
        problems.add(
            "/tests" if submission.tests else "",
            f"files and inputs have {size} bytes together, and at most {most} are possible here",
        )


def _default_buffering(sent: form.Submission) -> Buffering:
    """Output that only a judge reads is not worth a system call for each line."""
    expected = (sent.expected_output, sent.expected_output_base64)
    judged = any(each is not None for each in (*expected, sent.tests, sent.checker))
    return Buffering.BLOCK if judged else Buffering.LINE


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
