"""A client's request becomes a `Submission`, or the list of every reason why it can't.

Nothing is changed silently: what is left out takes its default, and what breaks a rule is refused
by name. docs/api.md describes the rules; the policy holds the maxima.
"""

from collections.abc import Sequence
from functools import partial
from typing import Final

from app.api.submission import form
from app.api.submission.artifacts import checked_patterns
from app.api.submission.checker import check_room_of_checker, checker
from app.api.submission.checks import text_or_base64
from app.api.submission.compiling import checked_compile_args
from app.api.submission.expected import comparison, expected_output
from app.api.submission.inputs import check_env, checked_args
from app.api.submission.limits import limits, ranges
from app.api.submission.metadata import check_callback, check_labels
from app.api.submission.original import outline
from app.api.submission.program import check_room, field_of, known_language, program
from app.api.submission.tests import Common, tests
from app.api.validation import Read
from app.domain.api_key import Role
from app.domain.errors import Forbidden, InvalidRequest
from app.domain.language import Language
from app.domain.pod import Pod
from app.domain.policy import InputMaxima, LimitRange, Policy
from app.domain.problems import Problems
from app.domain.submission import Buffering, File, Priority, Submission

_URGENT: Final = frozenset({Priority.CRITICAL, Priority.HIGH})


def validate(
    read: Read[form.Submission], policy: Policy, languages: Sequence[Language], role: Role
) -> Submission:
    """The submission, with every limit filled in.

    Raises InvalidRequest with all problems, those with types included; Forbidden if nothing but
    the role is missing.
    """
    sent, problems = read.value, read.problems
    language = known_language(problems, sent, languages)
    described = _described(problems, sent, language, policy, languages)
    if problems or language is None:
        raise InvalidRequest(problems.found)
    if sent.priority in _URGENT and not role.includes(Role.OPERATOR):
        raise Forbidden(f"priority {sent.priority} needs a key with the role operator")
    submission = described(
        language=language.name, language_version=language.version, sent=outline(sent)
    )
    _check_input(problems, submission, language, field_of(sent))
    check_room_of_checker(problems, submission, languages)
    if problems:
        raise InvalidRequest(problems.found)
    return submission


def _described(
    problems: Problems,
    sent: form.Submission,
    language: Language | None,
    policy: Policy,
    languages: Sequence[Language],
) -> "partial[Submission]":
    """All but the language. Where there is a problem, it has a placeholder."""
    maxima = policy.input
    files, entrypoint = program(problems, sent, language, maxima)
    started = _started(problems, sent, language, maxima)
    common = _common(problems, sent, language, policy, files)
    described = partial(
        started,
        files=files,
        entrypoint=entrypoint,
        limits=common.limits.default,
        compile_limits=common.compile_limits,
        expected_output=expected_output(problems, sent, common.compare, maxima),
        tests=tests(problems, sent, common, language, maxima),
        checker=checker(problems, sent, policy, languages),
        stop_on_failure=sent.stop_on_failure,
        keep_output=sent.keep_output,
        artifacts=checked_patterns(problems, sent, language, maxima),
        priority=sent.priority,
        labels=sent.labels,
        callback_url=sent.callback_url,
    )
    check_labels(problems, sent.labels, maxima)
    check_callback(problems, sent.callback_url, policy)
    if language:
        compiled = language.compiled
        disk_mib = common.limits.default.disk_mib_with(common.compile_limits, compiled=compiled)
        check_room(problems, field_of(sent), files, disk_mib, maxima)
    return described


def _started(
    problems: Problems, sent: form.Submission, language: Language | None, maxima: InputMaxima
) -> "partial[Submission]":
    """How the program is compiled and started."""
    started = partial(
        Submission,
        stdin=text_or_base64(problems, "stdin", sent.stdin, sent.stdin_base64, maxima.stdin_bytes)
        or b"",
        args=checked_args(problems, "args", sent.args, maxima),
        env=sent.env,
        compile_args=checked_compile_args(problems, sent.compile_args, language, maxima),
        streams=sent.streams,
        buffering=sent.buffering or _default_buffering(sent),
    )
    check_env(problems, sent.env, maxima)
    return started


def _common(
    problems: Problems,
    sent: form.Submission,
    language: Language | None,
    policy: Policy,
    files: tuple[File, ...],
) -> Common:
    """What each of its tests starts from."""
    of_run, of_compiler = ranges(language, policy)
    return Common(
        files=files,
        limits=LimitRange(limits(problems, "limits", sent.limits, of_run), of_run.maximum),
        compile_limits=limits(problems, "compile_limits", sent.compile_limits, of_compiler),
        compare=comparison(problems, sent.compare),
    )


def _check_input(
    problems: Problems, submission: Submission, language: Language, files_field: str
) -> None:
    most = language.max_input_bytes
    if most is not None and (size := Pod.of("", submission).input_bytes) > most:
        files = sum(len(file.content) for file in submission.files)
        larger = files_field if files > len(submission.stdin) else "/stdin"
        problems.add(
            "/tests" if submission.tests else larger,
            f"files and inputs have {size} bytes together, and at most {most} are possible here",
        )


def _default_buffering(sent: form.Submission) -> Buffering:
    """Output that only a judge reads is not worth a system call for each line."""
    expected = (sent.expected_output, sent.expected_output_base64)
    judged = any(each is not None for each in (*expected, sent.tests, sent.checker))
    return Buffering.BLOCK if judged else Buffering.LINE
