"""The tests of a submission."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.api.submission import form
from app.api.submission.checks import text_or_base64
from app.api.submission.expected import comparison, expected_output
from app.api.submission.inputs import check_env, checked_args
from app.api.submission.limits import limits
from app.api.submission.program import check_room, read_files, without_dot
from app.domain.compare import Compare
from app.domain.language import Language
from app.domain.policy import InputMaxima, LimitRange
from app.domain.problems import Problems, showable
from app.domain.submission import File, Limits, SubmittedTest


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What a test leaves out, and what it is added to."""

    files: tuple[File, ...]
    limits: LimitRange
    """The default has what the submission asks for."""
    compile_limits: Limits
    compare: Compare | None
    """What the submission says."""


def tests(
    problems: Problems,
    sent: form.Submission,
    common: Common,
    language: Language | None,
    maxima: InputMaxima,
) -> tuple[SubmittedTest, ...]:
    if sent.tests is None:
        return ()
    if not sent.tests and problems.none_at("/tests"):
        problems.add("/tests", "must have at least one test; leave it out to run the program once")
    if language and language.max_runs is not None and len(sent.tests) > language.max_runs:
        problems.add("/tests", f"can have at most {language.max_runs} here")
    found: list[SubmittedTest] = []
    for index, test in enumerate(sent.tests):
        if problems.full:
            break
        at = problems.within("tests", index)
        found.append(_test(at, index, test, common, language, maxima))
    _check_names(problems, found)
    return tuple(found)


def _test(
    problems: Problems,
    index: int,
    sent: form.Test,
    common: Common,
    language: Language | None,
    maxima: InputMaxima,
) -> SubmittedTest:
    if sent.env is not None:
        check_env(problems, sent.env, maxima)
    compare = comparison(problems, sent.compare)
    own_limits = limits(problems, "limits", sent.limits, common.limits)
    found = SubmittedTest(
        name=_name(problems, index, sent.name, maxima),
        stdin=text_or_base64(problems, "stdin", sent.stdin, sent.stdin_base64, maxima.stdin_bytes),
        args=None if sent.args is None else checked_args(problems, "args", sent.args, maxima),
        env=sent.env,
        files=_files(problems, sent.files, common, maxima),
        limits=None if sent.limits is None else own_limits,
        expected_output=expected_output(problems, sent, compare or common.compare, maxima),
        compare=compare,
        points=_points(problems, sent.points),
    )
    if language and (sent.files or sent.limits):
        disk_mib = own_limits.disk_mib_with(common.compile_limits, compiled=language.compiled)
        files = {file.name: file for file in (*common.files, *found.files)}
        at = "/files" if sent.files else "/limits/disk_mib"
        check_room(problems, at, list(files.values()), disk_mib, maxima)
    return found


def _name(problems: Problems, index: int, name: str | None, maxima: InputMaxima) -> str:
    if name is None:
        return str(index + 1)
    if not name:
        problems.add("/name", "must not be empty")
    if len(name.encode()) > maxima.file_name_bytes:
        problems.add("/name", f"at most {maxima.file_name_bytes} bytes are allowed")
        return name[: maxima.file_name_bytes]
    showable(problems, "/name", name)
    return name


def _check_names(problems: Problems, found: Sequence[SubmittedTest]) -> None:
    seen: dict[str, int] = {}
    for index, test in enumerate(found):
        first = seen.setdefault(test.name, index)
        if first != index:
            problems.within("tests", index).add("/name", f"is also the name of test {first + 1}")


def _files(
    problems: Problems, sent: Sequence[form.File], common: Common, maxima: InputMaxima
) -> tuple[File, ...]:
    if not sent:
        return ()
    names = {without_dot(file.name) for file in sent}
    kept = [file for file in common.files if file.name not in names]
    return read_files(problems, sent, maxima, beside=kept)


def _points(problems: Problems, points: float) -> float:
    if 0 <= points <= form.MOST_POINTS:
        return points
    problems.add("/points", f"must be from 0 to {form.MOST_POINTS}")
    return 0
