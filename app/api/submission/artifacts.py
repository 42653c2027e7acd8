"""Patterns of files that the program creates and the result is to have."""

from app.api.submission import form
from app.api.submission.checks import at_most
from app.domain.language import Language
from app.domain.policy import InputMaxima
from app.domain.problems import Problems, pointer, showable


def checked_patterns(
    problems: Problems, sent: form.Submission, language: Language | None, maxima: InputMaxima
) -> tuple[str, ...]:
    if not sent.artifacts:
        return ()
    if language and not language.keeps_artifacts:
        problems.add("/artifacts", "is not available here: programs can only print")
    if sent.tests is not None:
        problems.add("/artifacts", "can't be combined with tests: send only one of them")
    for index, pattern in enumerate(sent.artifacts):
        _check(problems, pointer("artifacts", index), pattern, maxima)
    return tuple(sent.artifacts)


def _check(problems: Problems, at: str, pattern: str, maxima: InputMaxima) -> None:
    at_most(problems, at, len(pattern.encode()), maxima.file_name_bytes)
    showable(problems, at, pattern[: maxima.file_name_bytes])
    if not pattern.strip() or pattern.startswith("#"):
        problems.add(at, r"matches nothing: for a file whose name begins with #, write \#")
