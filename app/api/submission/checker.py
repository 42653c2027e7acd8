"""The checker of a submission: a program that judges what another one printed."""

from collections.abc import Sequence
from typing import Final

from app.api.submission import form
from app.api.submission.compiling import checked_compile_args
from app.api.submission.limits import limits, ranges
from app.api.submission.program import check_room, field_of, known_language, program
from app.domain.language import Language, max_input_bytes
from app.domain.pod import Pod, check
from app.domain.policy import Policy
from app.domain.problems import Problems, pointer
from app.domain.submission import CHECKED_FILES, Checker, Submission

_TAKEN: Final = frozenset(CHECKED_FILES)


def checker(
    problems: Problems, sent: form.Submission, policy: Policy, languages: Sequence[Language]
) -> Checker | None:
    if sent.checker is None:
        return None
    _check_alone(problems, sent)
    runs = len(sent.tests or ())
    return _checker(problems.within("checker"), sent.checker, policy, languages, runs)


def _check_alone(problems: Problems, sent: form.Submission) -> None:
    detail = "can't be combined with a checker, which judges instead: send only one of them"
    if sent.compare is not None:
        problems.add("/compare", detail)
    for index, test in enumerate(sent.tests or ()):
        if test.compare is not None:
            problems.add(pointer("tests", index, "compare"), detail)


def _checker(
    problems: Problems,
    sent: form.Checker,
    policy: Policy,
    languages: Sequence[Language],
    runs: int,
) -> Checker | None:
    language = known_language(problems, sent, languages)
    files, entrypoint = program(problems, sent, language, policy.input)
    for index, file in enumerate(files):
        if file.name.partition("/")[0] in _TAKEN:
            problems.add(
                pointer("files", index, "name"), "is the name of a file that the checker is given"
            )
    run_range, compile_range = ranges(language, policy)
    run_limits = limits(problems, "limits", sent.limits, run_range)
    compile_args = checked_compile_args(problems, sent.compile_args, language, policy.input)
    if language is None:
        return None
    if language.max_runs is not None and runs > language.max_runs:
        problems.add("", f"can judge at most {language.max_runs} tests here")
    disk_mib = run_limits.disk_mib_with(compile_range.default, compiled=language.compiled)
    check_room(problems, field_of(sent), files, disk_mib, policy.input)
    return Checker(
        language=language.name,
        language_version=language.version,
        files=files,
        entrypoint=entrypoint,
        limits=run_limits,
        compile_limits=compile_range.default,
        compile_args=compile_args,
    )


def check_room_of_checker(
    problems: Problems, submission: Submission, languages: Sequence[Language]
) -> None:
    """A pod of the checker needs room for any test's input and answer, whatever is printed."""
    checker = submission.checker
    if checker is None:
        return
    most = max_input_bytes(languages, checker.language, checker.language_version)
    if most is None:
        return
    for index, run in enumerate(Pod.of("", submission).runs):
        expected = submission.expected(index)
        alone = check(checker, run.stdin, b"", expected.content if expected else b"")
        size = Pod.of_checker("", checker, (alone,), 0).input_bytes
        if size > most:
            problems.add(
                pointer("tests", index) if submission.tests else "/checker",
                f"the checker, the input and the expected output have {size} bytes together, and "
                f"at most {most} are possible here",
            )
